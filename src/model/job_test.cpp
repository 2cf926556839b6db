#include "model/job.h"

#include <gtest/gtest.h>

namespace meterhouse {
namespace {

TEST(JobState, NamesAreReadBackAsTheSameState) {
  for (const auto state : {JobStep::State::waiting, JobStep::State::running, JobStep::State::done,
                           JobStep::State::failed, JobStep::State::skipped})
    EXPECT_EQ(parse_step_state(to_string(state)).value(), state);
  for (const auto state :
       {JobRun::State::running, JobRun::State::done, JobRun::State::failed, JobRun::State::interrupted})
    EXPECT_EQ(parse_run_state(to_string(state)).value(), state);
  EXPECT_EQ(to_string(JobRun::State::interrupted), "interrupted");
  EXPECT_EQ(to_string(JobStep::State::skipped), "skipped");
}

TEST(JobState, OtherWordsAreNone) {
  for (const char* text : {"", "Done", "interrupted ", "waiting"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(parse_run_state(text).error().code, Errc::invalid_argument);
  }
  EXPECT_EQ(parse_step_state("interrupted").error().code, Errc::invalid_argument);
}

}  // namespace
}  // namespace meterhouse

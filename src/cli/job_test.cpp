#include "cli/job.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace meterhouse::cli {
namespace {

TEST(JobLines, TellARunAndItsSteps) {
  const auto run = boost::json::parse(
      R"({"id":12,"job":"daily","day":"2025-02-20","trigger":"schedule","state":"done",
          "started":"2025-02-21T00:10:00+08:00","ended":"2025-02-21T00:10:02+08:00","steps":[
          {"name":"fold","state":"done","duration_ms":210,"progress":null,"outcome":"70080 readings"},
          {"name":"drill","state":"skipped","duration_ms":0,"progress":null,"outcome":"once a week, in the run of sunday"}]})");
  EXPECT_EQ(job_line(run), "run 12: daily of 2025-02-20, schedule, 2025-02-21T00:10:00+08:00 done in 0.2 s");
  EXPECT_EQ(job_step_line(run.at("steps").at(0)), "fold           done         0.2 s  70080 readings");
  EXPECT_EQ(job_step_line(run.at("steps").at(1)),
            "drill          skipped      0.0 s  once a week, in the run of sunday");
}

TEST(JobLines, OfARunWithoutADayThatGoesOn) {
  const auto run = boost::json::parse(
      R"({"id":3,"job":"backup","day":null,"trigger":"request","state":"running","started":"x","ended":null,"steps":[]})");
  EXPECT_EQ(job_line(run), "run 3: backup, request, x running");
}

}  // namespace
}  // namespace meterhouse::cli

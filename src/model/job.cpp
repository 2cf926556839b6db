#include "model/job.h"

#include <array>

namespace meterhouse {
namespace {

constexpr std::array<std::string_view, 5> kStepStates{"waiting", "running", "done", "failed", "skipped"};
constexpr std::array<std::string_view, 4> kRunStates{"running", "done", "failed", "interrupted"};

template <class State, std::size_t N>
Result<State> parse(const std::array<std::string_view, N>& names, std::string_view text, std::string_view what) {
  for (std::size_t i = 0; i < N; ++i)
    if (names[i] == text) return static_cast<State>(i);
  return Error{Errc::invalid_argument, fmt::format("'{:.40}' is no state of a {}", text, what)};
}

}  // namespace

std::string_view to_string(JobStep::State state) { return kStepStates[static_cast<std::size_t>(state)]; }
std::string_view to_string(JobRun::State state) { return kRunStates[static_cast<std::size_t>(state)]; }

Result<JobStep::State> parse_step_state(std::string_view text) {
  return parse<JobStep::State>(kStepStates, text, "step");
}
Result<JobRun::State> parse_run_state(std::string_view text) {
  return parse<JobRun::State>(kRunStates, text, "job run");
}

}  // namespace meterhouse

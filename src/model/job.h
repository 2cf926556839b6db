#pragma once

#include <date/date.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace meterhouse {

// One step of a job run, as far as it has come.
struct JobStep {
  enum class State : std::uint8_t { waiting, running, done, failed, skipped };

  std::string name = {};
  State state = State::waiting;
  std::optional<Instant> started = {};  // by the time of day
  std::optional<Instant> ended = {};
  std::int64_t duration_ms = 0;         // by the stopwatch, over all attempts; 0 before it ended
  std::optional<double> progress = {};  // 0 to 1; absent: not known
  std::string outcome = {};             // a sentence with its figures, or why it failed

  friend bool operator==(const JobStep&, const JobStep&) = default;
};

// One time that a job ran or is running.
struct JobRun {
  enum class State : std::uint8_t { running, done, failed, interrupted };

  std::int64_t id = 0;                       // from 1, ascending by the time of beginning; 0: not begun yet
  std::string job = {};                      // its name: "daily"
  std::optional<date::local_days> day = {};  // the local day it is about
  std::string trigger = {};                  // who or what began it: "schedule", "operator", …
  State state = State::running;
  Instant started = {};
  std::optional<Instant> ended = {};
  std::vector<JobStep> steps = {};  // in the order in which they run

  friend bool operator==(const JobRun&, const JobRun&) = default;
};

// Whether the step is over, whatever came of it.
constexpr bool has_ended(JobStep::State state) {
  return state != JobStep::State::waiting && state != JobStep::State::running;
}

std::string_view to_string(JobStep::State state);  // the names above
std::string_view to_string(JobRun::State state);
// errors  invalid_argument: no such state
Result<JobStep::State> parse_step_state(std::string_view text);
Result<JobRun::State> parse_run_state(std::string_view text);

}  // namespace meterhouse

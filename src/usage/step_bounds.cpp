#include <array>

#include "base/check.h"
#include "usage/consumption.h"

namespace meterhouse {
namespace {

struct StepName {
  Step step;
  std::string_view name;
};
constexpr std::array kStepNames{StepName{Step::interval, "interval"}, StepName{Step::half_hour, "30min"},
                                StepName{Step::hour, "hour"},         StepName{Step::day, "day"},
                                StepName{Step::week, "week"},         StepName{Step::month, "month"},
                                StepName{Step::year, "year"}};

// The next full hour or half-hour of the site's clock. Where the clocks change in between, the change itself is the
// bound: what follows it is counted on the new clock.
Instant next_clock_bound(Instant instant, Seconds step, const SiteCalendar& calendar) {
  const Seconds offset = calendar.offset_at(instant);
  const Seconds local = instant.time_since_epoch() + offset;
  const Seconds into_step = (local % step + step) % step;
  const Instant next = instant - into_step + step;
  if (calendar.offset_at(next - Seconds{1}) == offset) return next;
  Instant low = instant;
  Instant high = next - Seconds{1};  // already on the new clock
  while (high - low > Seconds{1}) {
    const Instant middle = low + (high - low) / 2;
    (calendar.offset_at(middle) == offset ? low : high) = middle;
  }
  return high;
}

// The start of the first local day, week, month or year that begins after the instant's own.
Instant next_calendar_bound(Instant instant, Step step, const SiteCalendar& calendar) {
  const date::local_days today = calendar.day_of(instant);
  const date::year_month_day date{today};
  const date::year_month month{date.year(), date.month()};
  // The day of an instant may lie before the day whose start is already past, where clocks go back over midnight: hence
  // the loop, which runs once everywhere else.
  for (int count = 1;; ++count) {
    date::local_days next = today + date::days{count};
    if (step == Step::week) next = today - (date::weekday{today} - date::Monday) + date::weeks{count};
    if (step == Step::month) next = date::local_days{(month + date::months{count}) / 1};
    if (step == Step::year) next = date::local_days{(date.year() + date::years{count}) / 1 / 1};
    if (const Instant start = calendar.start_of_day(next); start > instant) return start;
  }
}

Instant next_bound(Instant instant, Step step, const SiteCalendar& calendar) {
  if (step == Step::half_hour) return next_clock_bound(instant, std::chrono::minutes{30}, calendar);
  if (step == Step::hour) return next_clock_bound(instant, std::chrono::hours{1}, calendar);
  return next_calendar_bound(instant, step, calendar);
}

}  // namespace

std::string_view to_string(Step step) {
  for (const auto& [known, name] : kStepNames)
    if (known == step) return name;
  return "?";
}

Result<Step> parse_step(std::string_view text) {
  for (const auto& [step, name] : kStepNames)
    if (name == text) return step;
  return Error{Errc::invalid_argument,
               fmt::format("a step is interval, 30min, hour, day, week, month or year, not '{:.40}'", text)};
}

Result<std::vector<Instant>> step_bounds(TimeRange range, Step step, const SiteCalendar& calendar, std::size_t limit) {
  MH_CHECK(step != Step::interval);
  std::vector<Instant> bounds{range.from};
  while (bounds.back() < range.to) {
    if (bounds.size() > limit)
      return Error{Errc::out_of_range,
                   fmt::format("more than {} values of step {}: ask for a shorter range or a longer step", limit,
                               to_string(step))};
    bounds.push_back(std::min(next_bound(bounds.back(), step, calendar), range.to));
  }
  return bounds;
}

}  // namespace meterhouse

#include "service/jobs/daily_job.h"

#include <algorithm>
#include <set>

#include "base/iso8601.h"
#include "service/jobs/retention.h"

namespace meterhouse {
namespace {

constexpr std::string_view kNewestRun = "daily_job.newest_day";
constexpr std::size_t kMaxCatchUp = 366;  // days; whoever was off for longer gets the newest of them
constexpr std::chrono::minutes kLateDaysFor{30};

Result<std::string> fold(const DailyJobParts& parts) {
  if (auto done = parts.store.fold(); !done) return done.error();
  if (auto done = parts.store.merge(); !done) return done.error();
  const StoreStats stats = parts.store.stats();
  return fmt::format("{} readings in {} segments, {} bytes", stats.segment_readings, stats.segments,
                     stats.segment_bytes);
}

std::string outcome_of(const ClosedDay& closed) {
  return fmt::format("{}: {} readings, {} missing", format_date(closed.day), closed.readings, closed.missing);
}

Result<std::string> close_one(const DailyJobParts& parts, date::local_days day, StepContext& context) {
  const auto closed = close_day(parts.days, day, [&](double part) {
    context.progress(part);
    return !context.stopping();
  });
  if (!closed) return closed.error();
  return outcome_of(*closed);
}

std::optional<date::local_days> kept_from(const DailyJobParts& parts, date::local_days day) {
  if (!parts.retention) return std::nullopt;
  return day - *parts.retention;
}

std::string late_days_outcome(std::size_t closed, std::size_t left) {
  if (closed == 0 && left == 0) return "no day got late readings";
  const std::string done =
      fmt::format("{} {} with late readings summed up again", closed, closed == 1 ? "day" : "days");
  return left == 0 ? done : fmt::format("{}, {} {} left for the next run", done, left, left == 1 ? "is" : "are");
}

// Every other day that readings have come for since it was summed up, oldest first, and the earlier ones that those
// touch (close_day). Each is done once, though readings for it come in all the time; what an import of years leaves
// after kLateDaysFor waits for the next run: the backup must not.
Result<std::string> close_late_days(const DailyJobParts& parts, date::local_days day, StepContext& context) {
  const auto horizon = kept_from(parts, day);
  const auto touched = [&](date::local_days from, std::size_t most) {
    return parts.days.catalog.touched_days(from, day + date::days{1}, most);
  };
  const auto all = touched(DayCatalog::kFirstDay, DayCatalog::kMaxDaysPerPage);
  if (!all) return all.error();
  const auto begin = parts.days.clock.stopwatch();
  std::set<date::local_days> closed;
  std::size_t before = 0;  // closed, when this way through the days began
  for (date::local_days from = DayCatalog::kFirstDay;;) {
    const auto next = touched(from, 1);
    if (!next) return next.error();
    if (next->empty()) {
      if (closed.size() == before) return late_days_outcome(closed.size(), 0);
      before = closed.size();
      from = DayCatalog::kFirstDay;
      continue;
    }
    if (context.stopping()) return Error{Errc::unavailable, "stopped between two days"};
    const TouchedDay& late = next->front();
    from = late.day + date::days{1};
    if (horizon && late.day < *horizon) {  // the readings that its sums were made from are not kept any more
      if (auto done = parts.days.catalog.forget_touches(late.day, late.sequence); !done) return done.error();
      continue;
    }
    if (closed.contains(late.day)) continue;
    if (parts.days.clock.stopwatch() - begin > kLateDaysFor) {
      const auto left = touched(DayCatalog::kFirstDay, DayCatalog::kMaxDaysPerPage);
      return left ? Result<std::string>{late_days_outcome(closed.size(), left->size())} : left.error();
    }
    const auto done = close_day(parts.days, late.day, [&](double) { return !context.stopping(); });
    if (!done) return done.error();
    closed.insert(late.day);
    const auto count = static_cast<double>(closed.size());
    context.progress(count / std::max(count, static_cast<double>(all->size())));
  }
}

Result<std::string> drop_old(const DailyJobParts& parts, date::local_days day) {
  const auto horizon = kept_from(parts, day);
  if (!horizon) return std::string{"everything is kept"};
  const auto dropped =
      drop_months(parts.store, parts.days.catalog, parts.days.clock, parts.days.calendar.start_of_day(*horizon));
  if (!dropped) return dropped.error();
  return fmt::format("{} readings of months before {} dropped", *dropped, format_date(*horizon));
}

}  // namespace

std::string_view name_of(date::weekday day) {
  constexpr std::string_view kNames[] = {"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};
  return kNames[day.c_encoding()];
}

std::vector<JobStepWork> daily_job_steps(const DailyJobParts& parts, date::local_days day) {
  std::vector<JobStepWork> steps{
      {.name = "fold", .run = [parts](StepContext&) { return fold(parts); }},
      {.name = "close_day", .run = [parts, day](StepContext& context) { return close_one(parts, day, context); }},
      {.name = "late_days", .run = [parts, day](StepContext& context) { return close_late_days(parts, day, context); }},
      {.name = "retention", .run = [parts, day](StepContext&) { return drop_old(parts, day); }},
  };
  const auto add = [&](JobStepWork step) {
    if (step.run != nullptr) steps.push_back(std::move(step));
  };
  const auto newest = newest_run_due(parts.days.calendar, parts.days.clock.now(), parts.at);
  const auto later = day < newest ? fmt::format("left to the run of {}", format_date(newest)) : std::string{};
  const bool to_drill = date::weekday{day} == parts.drill_on;
  add({.name = "backup", .run = parts.backup, .skip = later});
  add({.name = "verify_backup", .run = parts.verify_backup, .needs = "backup", .skip = later});
  add({.name = "drill",
       .run = parts.drill,
       .needs = parts.verify_backup ? "verify_backup" : "",
       .skip = to_drill ? later : fmt::format("once a week, in the run of {}", name_of(parts.drill_on))});
  add({.name = "trim_events", .run = parts.trim_events});
  return steps;
}

date::local_days newest_run_due(const SiteCalendar& calendar, Instant now, Seconds at) {
  const date::local_days yesterday = calendar.day_of(now) - date::days{1};
  return now < calendar.start_of_day(yesterday + date::days{1}) + at ? yesterday - date::days{1} : yesterday;
}

std::vector<date::local_days> daily_runs_due(const SiteCalendar& calendar, Instant now, Seconds at,
                                             date::local_days newest) {
  const date::local_days last = newest_run_due(calendar, now, at);
  std::vector<date::local_days> due;
  const date::days most{static_cast<int>(kMaxCatchUp)};
  for (auto day = std::max(newest + date::days{1}, last - most + date::days{1}); day <= last; day += date::days{1})
    due.push_back(day);
  return due;
}

Result<std::int64_t> submit_daily_job(JobRunner& jobs, date::local_days today, std::string trigger) {
  return jobs.submit_or_join(kDailyJob, today - date::days{1}, std::move(trigger));
}

Status DailySchedule::remember(date::local_days day) {
  if (auto done = catalog_.set_state(kNewestRun, format_date(day)); !done) return done.error();
  newest_ = day;
  return {};
}

Result<date::local_days> DailySchedule::newest() {
  if (newest_) return *newest_;
  const auto text = catalog_.state(kNewestRun);
  if (!text) return text.error();
  if (!*text) {
    const date::local_days yesterday = calendar_.day_of(clock_.now()) - date::days{1};
    if (auto done = remember(yesterday); !done) return done.error();
    return yesterday;
  }
  const auto day = parse_date(**text);
  if (!day) return Error{Errc::corruption, fmt::format("{}: {}", kNewestRun, day.error().message)};
  newest_ = *day;
  return *day;
}

Status DailySchedule::submit_due(JobRunner& jobs) {
  const auto newest_day = newest();
  if (!newest_day) return newest_day.error();
  // A clock that was ahead must not keep the job from running until the day it showed.
  const date::local_days today = calendar_.day_of(clock_.now());
  if (*newest_day > today)
    if (auto done = remember(today - date::days{1}); !done) return done.error();
  for (const date::local_days day : daily_runs_due(calendar_, clock_.now(), at_, *newest_)) {
    const auto id = jobs.submit(kDailyJob, day, "schedule");
    // One of that day that somebody has begun by hand counts as the day's.
    if (!id && id.error().code != Errc::conflict) return id.error();
    if (auto done = remember(day); !done) return done.error();
  }
  return {};
}

}  // namespace meterhouse

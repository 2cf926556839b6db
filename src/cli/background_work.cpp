#include "cli/background_work.h"

#include <boost/json.hpp>

#include "base/iso8601.h"
#include "service/events/event_types.h"

namespace meterhouse::cli {
namespace {

DailyJobParts daily_parts(DataDirectory& data, const UsageQueries& usage, const Clock& clock, EventLog& events,
                          OnlineBackup& backups, const ServerSettings& settings) {
  DailyJobParts parts{.days = {data.calendar(), clock, data.catalog(), data.readings(), usage},
                      .store = data.readings()};
  if (settings.retention_days > 0) parts.retention = date::days{settings.retention_days};
  if (settings.daily_backup) {
    parts.backup = [&backups](StepContext& context) { return backups.create(context); };
    parts.verify_backup = [&backups](StepContext& context) { return backups.verify_newest(context); };
  }
  if (settings.weekly_drill) {
    parts.drill = [&backups](StepContext& context) { return backups.drill(context); };
    parts.drill_on = *settings.weekly_drill;
  }
  parts.at = settings.daily_job_at.value_or(Seconds{0});
  const Seconds age = date::days{settings.event_retention_days};
  parts.trim_events = [&events, age, most = settings.events_max](StepContext&) -> Result<std::string> {
    const auto dropped = events.trim(age, most);
    if (!dropped) return dropped.error();
    return fmt::format("{} events dropped", *dropped);
  };
  return parts;
}

std::string fields_of(const JobRun& run, const JobStep* step) {
  boost::json::object fields{{"run", run.id}, {"job", run.job}, {"trigger", run.trigger}};
  if (run.day) fields["day"] = format_date(*run.day);
  fields["state"] = step != nullptr ? to_string(step->state) : to_string(run.state);
  if (step != nullptr) {
    fields["step"] = step->name;
    fields["duration_ms"] = step->duration_ms;
  }
  return boost::json::serialize(fields);
}

// The begin and end of a run, and the end of each of its steps.
void tell_change(EventLog& events, const JobRun& run, const JobStep* step) {
  if (step != nullptr && step->state == JobStep::State::running) return;
  const auto name = fmt::format("{} job{}", run.job, run.day ? " of " + format_date(*run.day) : "");
  std::string message;
  if (step != nullptr)
    message = fmt::format("{}: {} {}: {}", name, step->name, to_string(step->state), step->outcome);
  else
    message = fmt::format("{}: {}", name, run.ended ? to_string(run.state) : "begins");
  const bool failed = step != nullptr ? step->state == JobStep::State::failed : run.state == JobRun::State::failed;
  const bool of_backups = run.job == kBackupJob || run.job == kDrillJob;
  events.record(of_backups ? event_type::kBackup : event_type::kDailyJobs, message, fields_of(run, step));
  if (failed && step != nullptr) events.record(event_type::kError, message, fields_of(run, step));
}

void tell_applied(EventLog& events, const AppendCounts& counts) {
  events.record(event_type::kBackgroundWorker,
                fmt::format("{} pending readings applied: {} accepted, {} duplicate, {} conflict",
                            counts.accepted + counts.duplicate + counts.conflict, counts.accepted, counts.duplicate,
                            counts.conflict),
                fmt::format(R"({{"work":"apply_pending","accepted":{},"duplicate":{},"conflict":{}}})", counts.accepted,
                            counts.duplicate, counts.conflict));
}

}  // namespace

void tell_work(EventLog& events, const StoreWork& work) {
  const bool merge = work.kind == StoreWork::Kind::merge;
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(work.took).count();
  events.record(
      event_type::kBackgroundWorker,
      fmt::format("{}: {} readings in {} of {} bytes, in {} ms",
                  merge ? fmt::format("{} segments merged", work.joined) : "head folded", work.readings,
                  work.segments == 1 ? "a segment" : fmt::format("{} segments", work.segments), work.bytes, ms),
      fmt::format(R"({{"work":"{}","joined":{},"segments":{},"readings":{},"bytes":{},"duration_ms":{}}})",
                  merge ? "merge" : "fold", work.joined, work.segments, work.readings, work.bytes, ms));
}

BackgroundWork::BackgroundWork(DataDirectory& data, const UsageQueries& usage, const Clock& clock,
                               const ServerSettings& settings, OnlineBackup& backups, EventLog& events)
    : catalog_(data.catalog()),
      events_(events),
      backups_(backups),
      daily_(daily_parts(data, usage, clock, events_, backups_, settings)),
      shipper_(settings.daily_backup ? data.shipper() : nullptr),
      schedule_(data.calendar(), clock, data.catalog(), settings.daily_job_at.value_or(Seconds{0})),
      scheduled_(settings.daily_job_at.has_value()),
      jobs_(data.catalog(), clock, job_options()),
      maintenance_(
          data.catalog(), data.readings(), jobs_, clock,
          {.on_change = [this](const std::string& message) { events_.record(event_type::kMaintenance, message); },
           .on_applied = [this](const AppendCounts& counts) { tell_applied(events_, counts); },
           .on_error =
               [this](const Error& error) { events_.record(event_type::kError, "maintenance: " + error.message); }}) {}

JobRunner::Options BackgroundWork::job_options() {
  JobRunner::Options options;
  options.plans[kDailyJob] = [this](const JobRun& run) { return daily_job_steps(daily_, *run.day); };
  options.plans[kBackupJob] = [this](const JobRun&) { return backups_.steps(); };
  options.plans[kDrillJob] = [this](const JobRun&) { return backups_.drill_steps(); };
  options.on_change = [this](const JobRun& run, const JobStep* step) { tell_change(events_, run, step); };
  if (scheduled_)
    options.when_idle = [this, failing = false]() mutable {  // every second: told when it begins
      const auto submitted = schedule_.submit_due(jobs_);
      if (!submitted && !failing)
        events_.record(event_type::kError, "the schedule of the daily job: " + submitted.error().message);
      failing = !submitted;
      back_up_what_is_missing();
    };
  return options;
}

// Frames that were never shipped are lost with the disk until a backup has them: not only in the night. Once for the
// same ones; where that one fails, the daily one is the next.
void BackgroundWork::back_up_what_is_missing() {
  if (shipper_ == nullptr) return;
  const ShipperStats stats = shipper_->stats();
  if (stats.failing || stats.missing == asked_for_) return;
  asked_for_ = stats.missing;
  if (stats.missing[0] || stats.missing[1]) (void)jobs_.submit_or_join(kBackupJob, std::nullopt, "shipping");
}

Status BackgroundWork::start() {
  events_.begin(catalog_);
  if (auto started = jobs_.start(); !started) return started.error().during("the jobs");
  if (auto started = maintenance_.start(); !started) return started.error().during("maintenance");
  return {};
}

void BackgroundWork::stop() {
  jobs_.stop();  // first: maintenance may be waiting for a job
  maintenance_.stop();
  events_.record(event_type::kSystem, "the server stops");
  (void)events_.close();  // what it could not write it tells by itself
}

}  // namespace meterhouse::cli

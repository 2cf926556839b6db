#include "http/job_json.h"

#include "base/iso8601.h"

namespace meterhouse {
namespace {

void instant_or_null(JsonWriter& json, const std::optional<Instant>& at, const SiteCalendar& calendar) {
  at ? json.text(calendar.format(*at)) : json.null();
}

void append_step(JsonWriter& json, const JobStep& step, const SiteCalendar& calendar) {
  json.object().key("name").text(step.name).key("state").text(to_string(step.state));
  json.key("started");
  instant_or_null(json, step.started, calendar);
  json.key("ended");
  instant_or_null(json, step.ended, calendar);
  json.key("duration_ms").number(step.duration_ms).key("progress");
  step.progress ? json.raw(fmt::format("{:.3f}", *step.progress)) : json.null();
  json.key("outcome").text(step.outcome).end();
}

}  // namespace

void append_job_run(JsonWriter& json, const JobRun& run, const SiteCalendar& calendar) {
  json.object().key("id").number(run.id).key("job").text(run.job).key("day");
  run.day ? json.text(format_date(*run.day)) : json.null();
  json.key("trigger").text(run.trigger).key("state").text(to_string(run.state));
  json.key("started").text(calendar.format(run.started)).key("ended");
  instant_or_null(json, run.ended, calendar);
  json.key("steps").array();
  for (const JobStep& step : run.steps) append_step(json, step, calendar);
  json.end().end();
}

void begin_closed_day(JsonWriter& json, const ClosedDay& day, const SiteCalendar& calendar) {
  json.object().key("date").text(format_date(day.day)).key("closed_at").text(calendar.format(day.closed_at));
  json.key("readings").number(day.readings).key("missing").number(day.missing);
}

void append_day_total(JsonWriter& json, const DayTotal& total) {
  json.object().key("region").text(total.region).key("area").text(total.area);
  json.key("dwelling_type").text(total.dwelling_type).key("channel").text(to_string(total.channel));
  json.key("consumption").kwh(total.energy).key("meters").number(total.meters);
  json.key("expected").number(total.expected).key("found").number(total.found);
  json.key("estimated").number(total.estimated).key("estimated_kwh").kwh(total.estimated_energy).end();
}

}  // namespace meterhouse

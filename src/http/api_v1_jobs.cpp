// The daily work over HTTP: maintenance, jobs, and the days that were closed.
#include "base/iso8601.h"
#include "http/api.h"
#include "http/job_json.h"
#include "http/maintenance_request.h"
#include "http/problem.h"
#include "http/request_query.h"
#include "service/digests.h"
#include "service/jobs/daily_job.h"

namespace meterhouse {
namespace {

constexpr std::size_t kRunsPerPage = 20;

}  // namespace

Response Api::maintenance_response(int status) const {
  const Maintenance::Status now = parts_.maintenance.status();
  JsonWriter json;
  json.object().key("active").boolean(parts_.maintenance.active());
  json.key("state").text(now.phase == Maintenance::Phase::none ? "off" : to_string(now.phase));
  json.key("reason").text(now.reason).key("started");
  now.phase == Maintenance::Phase::none ? json.null() : json.text(parts_.calendar.format(now.started));
  json.key("step");
  const auto run = parts_.jobs.current();
  const JobStep* running = nullptr;
  if (now.phase == Maintenance::Phase::job && run && run->id == now.job)
    for (const JobStep& step : run->steps)
      if (step.state == JobStep::State::running) running = &step;
  running != nullptr ? json.text(running->name) : json.null();
  json.key("progress");
  now.progress ? json.raw(fmt::format("{:.3f}", *now.progress)) : json.null();
  json.key("remaining_s").number(std::int64_t{parts_.maintenance.remaining().count()});
  json.key("pending").number(parts_.store.stats().pending_readings);
  json.key("job");
  now.job ? json.number(*now.job) : json.null();
  return json_response(status, json.end().take());
}

Response Api::get_maintenance(const Request& request, std::string_view) {
  if (const auto known = check_parameters(request, {}); !known) return problem(known.error());
  return maintenance_response(200);
}

Response Api::post_maintenance(const Request& request, std::string_view body) {
  if (const auto known = check_parameters(request, {}); !known) return problem(known.error());
  if (!takes_json(request)) return problem(415, "the Content-Type must be application/json");
  const auto wanted = parse_maintenance(body, parts_.maintenance_duration);
  if (!wanted) return problem(wanted.error());
  std::function<Result<std::int64_t>()> job;
  if (wanted->daily_job) job = [this] { return submit_daily("maintenance"); };
  if (auto entered = parts_.maintenance.enter(wanted->duration, wanted->reason, job); !entered)
    return problem(entered.error());
  return maintenance_response(201);
}

Response Api::delete_maintenance(const Request& request, std::string_view) {
  if (const auto known = check_parameters(request, {}); !known) return problem(known.error());
  if (auto ended = parts_.maintenance.end(); !ended) return problem(ended.error());
  return maintenance_response(202);
}

Result<std::int64_t> Api::submit_daily(std::string trigger) {
  return submit_daily_job(parts_.jobs, parts_.calendar.day_of(parts_.clock.now()), std::move(trigger));
}

Response Api::post_daily_job(const Request& request, std::string_view) {
  if (const auto known = check_parameters(request, {}); !known) return problem(known.error());
  const auto id = submit_daily("request");
  if (!id) return problem(id.error());
  return job_response(202, *id);
}

Response Api::job_response(int status, std::int64_t id) const {
  const auto run = parts_.jobs.run(id);
  if (!run) return problem(run.error());
  JsonWriter json;
  append_job_run(json, *run, parts_.calendar);
  Response response = json_response(status, json.take());
  if (status == 202) response.headers.emplace_back("Location", fmt::format("/api/v1/jobs/{}", id));
  return response;
}

Response Api::get_job(const Request& request, std::string_view) {
  if (const auto known = check_parameters(request, {}); !known) return problem(known.error());
  const auto id = id_of(request.path_parameter("id"), "the id of a run");
  return id ? job_response(200, *id) : problem(id.error());
}

Response Api::get_jobs(const Request& request, std::string_view) {
  if (const auto known = check_parameters(request, {"job", "cursor", "limit"}); !known) return problem(known.error());
  const auto limit = limit_of(request, kRunsPerPage, JobCatalog::kMaxRunsPerPage);
  if (!limit) return problem(limit.error());
  JobRunFilter filter;
  if (const auto job = request.query_parameter("job")) filter.job = std::string{*job};
  const auto before = cursor_id_of(request);
  if (!before) return problem(before.error());
  const auto page = parts_.catalog.job_runs(filter, *before, *limit);
  if (!page) return problem(page.error());
  const auto current = parts_.jobs.current();
  JsonWriter json;
  json.object().key("jobs").array();
  for (const JobRun& run : page->runs)
    append_job_run(json, current && current->id == run.id ? *current : run, parts_.calendar);
  json.end().key("next");
  page->next ? json.text(std::to_string(*page->next)) : json.null();
  return json_response(200, json.end().take());
}

Response Api::get_day(const Request& request, std::string_view) {
  if (const auto known = check_parameters(request, {}); !known) return problem(known.error());
  const auto day = parse_date(request.path_parameter("date"));
  if (!day) return problem(day.error());
  const auto closed = parts_.catalog.closed_day(*day);
  if (!closed) return problem(closed.error());
  if (!*closed) return problem(404, fmt::format("{} is not closed", format_date(*day)));
  const auto totals = parts_.catalog.day_totals(*day);
  if (!totals) return problem(totals.error());
  JsonWriter json;
  begin_closed_day(json, **closed, parts_.calendar);
  json.key("unit").text("kWh").key("totals").array();
  for (const DayTotal& total : *totals) append_day_total(json, total);
  return json_response(200, json.end().end().take());
}

Response Api::get_digest(const Request& request, std::string_view) {
  if (const auto known = check_parameters(request, {}); !known) return problem(known.error());
  const auto digests = digests_of(parts_.store, parts_.catalog);
  if (!digests) return problem(digests.error());
  JsonWriter json;
  json.object().key("readings").text(digests->readings.hex()).key("meters").text(digests->meters.hex());
  return json_response(200, json.key("bills").text(digests->bills.hex()).end().take());
}

}  // namespace meterhouse

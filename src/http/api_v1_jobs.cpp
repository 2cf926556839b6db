// The daily work over HTTP: maintenance, jobs, and the days that were closed.
#include "base/iso8601.h"
#include "http/api.h"
#include "http/job_json.h"
#include "http/json_body.h"
#include "http/problem.h"
#include "http/request_query.h"
#include "service/daily_job.h"
#include "service/digests.h"

namespace meterhouse {
namespace {

constexpr std::size_t kRunsPerPage = 20;
constexpr std::int64_t kLongestMaintenance = 24 * 3'600;
constexpr std::size_t kMaxReasonBytes = 200;

struct MaintenanceRequest {
  Seconds duration;
  std::string reason;
  bool daily_job = false;
};

Result<MaintenanceRequest> parse_maintenance(std::string_view body, Seconds otherwise) {
  MaintenanceRequest wanted{.duration = otherwise, .reason = {}};
  if (body.empty()) return wanted;
  const auto value = parse_json_body(body);
  if (!value) return value.error();
  if (!value->is_object()) return Error{Errc::invalid_argument, "the body is not a JSON object"};
  for (const auto& member : value->get_object()) {
    const std::string_view name{member.key().data(), member.key().size()};
    const auto& given = member.value();
    if (name == "duration_s") {
      if (!given.is_int64() || given.get_int64() < 0 || given.get_int64() > kLongestMaintenance)
        return Error{Errc::invalid_argument,
                     fmt::format("duration_s: a whole number from 0 to {} is wanted here", kLongestMaintenance)};
      wanted.duration = Seconds{given.get_int64()};
    } else if (name == "reason") {
      if (!given.is_string() || given.get_string().size() > kMaxReasonBytes)
        return Error{Errc::invalid_argument, fmt::format("reason: a text of at most {} bytes", kMaxReasonBytes)};
      wanted.reason.assign(given.get_string().data(), given.get_string().size());
    } else if (name == "daily_job") {
      if (!given.is_bool()) return Error{Errc::invalid_argument, "daily_job: true or false is wanted here"};
      wanted.daily_job = given.get_bool();
    } else {
      return Error{Errc::invalid_argument, fmt::format("{:.40}: there is no such field", name)};
    }
  }
  return wanted;
}

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

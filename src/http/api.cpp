#include "http/api.h"

#include "http/api_routes.h"
#include "http/await_callback.h"
#include "http/problem.h"
#include "service/events/event_types.h"

namespace meterhouse {

std::span<const Api::Route> Api::routes() {
  static constexpr Route kRoutes[] = {
      // The busiest first.
      Route::stream(Method::post, "/meter/reading", &Api::legacy_post_reading).open_in_maintenance(),
      Route::stream(Method::post, "/api/v1/readings", &Api::post_readings).open_in_maintenance(),
      Route::stream(Method::post, "/meter/bulk_readings", &Api::legacy_post_bulk).open_in_maintenance(),
      Route::blocking(Method::get, "/api/v1/meters/{meter_id}/latest", &Api::get_latest).query(),
      Route::blocking(Method::get, "/api/v1/meters/{meter_id}/consumption", &Api::get_consumption).query(),
      Route::blocking(Method::get, "/api/v1/meters/{meter_id}/readings", &Api::get_readings).query(),
      Route::blocking(Method::get, "/api/v1/meters/{meter_id}", &Api::get_meter),
      Route::blocking(Method::patch, "/api/v1/meters/{meter_id}", &Api::patch_meter),
      Route::blocking(Method::get, "/api/v1/meters", &Api::get_meters),
      Route::blocking(Method::post, "/api/v1/meters", &Api::post_meters),
      Route::quick(Method::get, "/api/v1/config", &Api::get_config).open_in_maintenance(),
      Route::blocking(Method::post, "/api/user/register", &Api::legacy_register),
      Route::blocking(Method::get, "/api/user/query", &Api::legacy_query).query(),
      Route::blocking(Method::get, "/stopserver", &Api::legacy_stop_server).open_in_maintenance(),
      Route::blocking(Method::get, "/get_backup", &Api::legacy_get_backup).open_in_maintenance(),
      Route::blocking(Method::get, "/get_logs", &Api::legacy_get_logs).open_in_maintenance(),
      Route::blocking(Method::get, "/api/v1/events", &Api::get_events).open_in_maintenance(),
      Route::blocking(Method::get, "/api/v1/backups", &Api::get_backups).open_in_maintenance(),
      Route::blocking(Method::post, "/api/v1/backups", &Api::post_backup).open_in_maintenance(),
      Route::blocking(Method::post, "/api/v1/backups/drill", &Api::post_backup_drill).open_in_maintenance(),
      Route::blocking(Method::get, "/api/v1/maintenance", &Api::get_maintenance).open_in_maintenance(),
      Route::blocking(Method::post, "/api/v1/maintenance", &Api::post_maintenance).open_in_maintenance(),
      Route::blocking(Method::delete_, "/api/v1/maintenance", &Api::delete_maintenance).open_in_maintenance(),
      Route::blocking(Method::get, "/api/v1/jobs", &Api::get_jobs).open_in_maintenance(),
      Route::blocking(Method::post, "/api/v1/jobs/daily", &Api::post_daily_job).open_in_maintenance(),
      Route::blocking(Method::get, "/api/v1/jobs/{id}", &Api::get_job).open_in_maintenance(),
      Route::blocking(Method::get, "/api/v1/days/{date}", &Api::get_day),
      Route::blocking(Method::get, "/api/v1/digest", &Api::get_digest),
      Route::quick(Method::get, "/api/openapi.json", &Api::get_openapi).open_in_maintenance(),
      Route::quick(Method::get, "/healthz", &Api::get_health).open_in_maintenance(),
      Route::blocking(Method::get, "/readyz", &Api::get_readiness).open_in_maintenance(),
      Route::blocking(Method::get, "/metrics", &Api::get_metrics).open_in_maintenance(),
  };
  return kRoutes;
}

std::vector<RoutePattern> Api::route_patterns() {
  std::vector<RoutePattern> patterns;
  for (const Route& route : routes()) patterns.push_back({route.method, route.path});
  return patterns;
}

Api::Api(ApiParts parts, int worker_threads)
    : parts_(parts),
      ingest_(parts.directory, parts.store),
      router_(route_patterns()),
      pages_(web_files()),
      route_metrics_(routes().size()),
      workers_(worker_threads) {}

Api::~Api() = default;

Task<Response> Api::handle(Request& request, BodyReader& body) {
  const Router::Match match = router_.match(request);
  if (parts_.maintenance.active() && !is_open_in_maintenance(request, match)) co_return in_maintenance(request);
  if (match.kind != Router::Match::Kind::found) co_return no_route(request, match);
  const auto start = std::chrono::steady_clock::now();
  Response response = co_await run(routes()[match.index], request, body);
  RouteMetrics& metrics = route_metrics_[match.index];
  metrics.by_class[static_cast<std::size_t>(response.status / 100)].fetch_add(1, std::memory_order_relaxed);
  metrics.duration.observe(std::chrono::steady_clock::now() - start);
  if (response.status >= 400) note_refusal(routes()[match.index], request, response);
  co_return response;
}

// A query that got no answer, and any other request that failed through no fault of the one who sent it.
void Api::note_refusal(const Route& route, const Request& request, const Response& response) {
  const bool query = route.asks == Route::Asks::readings;
  if (!query && response.status != 500) return;
  const std::string_view in_path = request.path_parameter("meter_id");
  const auto meter = MeterId::parse(in_path.empty() ? request.query_parameter("meter_id").value_or("") : in_path);
  parts_.events.record(
      query ? event_type::kQueryError : event_type::kError,
      fmt::format("{} {:.200}: {} {}", to_string(request.method), request.path, response.status, response.reason),
      fmt::format(R"({{"status":{}}})", response.status), meter ? std::optional{*meter} : std::nullopt);
}

void Api::note_cut(const std::string& what) { parts_.events.record(event_type::kError, what); }

Task<Response> Api::run(const Route& route, Request& request, BodyReader& body) {
  if (route.streaming != nullptr) return (this->*route.streaming)(request, body);
  return run_with_body(route, request, body);
}

Task<Response> Api::run_with_body(const Route& route, const Request& request, BodyReader& body) {
  body.set_limit(kMaxBodyBytes);
  std::string storage;
  BudgetShare share{held_bodies_};
  const auto whole = co_await read_whole(body, storage, share);
  if (!whole) co_return error_for(request.path, whole.error());
  const std::string_view text = *whole;
  if (route.runs == Route::Runs::on_io_thread) co_return (this->*route.plain)(request, text);
  const auto on_worker = [&](const auto& done) {
    const bool taken =
        workers_.try_submit([this, &route, &request, text, done] { done(run_caught(route, request, text)); });
    if (!taken) done(error_for(request.path, {503, "the server is overloaded"}));
  };
  co_return co_await await_callback<Response>(on_worker);
}

// At the bottom of a worker's stack: what is thrown costs its own request and nothing more.
Response Api::run_caught(const Route& route, const Request& request, std::string_view body) {
  try {
    return (this->*route.plain)(request, body);
  } catch (const std::exception& error) {
    Response failed = error_for(request.path, {500, "an internal error; the event log tells more"});
    failed.reason = fmt::format("an internal error: {}", error.what());
    return failed;
  }
}

// source  docs/api/legacy.md, "Maintenance"
bool Api::is_open_in_maintenance(const Request& request, const Router::Match& match) const {
  if (match.kind == Router::Match::Kind::found)
    return routes()[match.index].in_maintenance == Route::InMaintenance::open;
  return pages_.known(request.path);
}

Response Api::in_maintenance(const Request& request) const {
  Response response = error_for(request.path, {503, "Server is in maintenance mode. Please try again later."});
  const auto seconds = std::max<std::int64_t>(1, parts_.maintenance.remaining().count());
  for (auto& [name, value] : response.headers)
    if (name == "Retry-After") value = std::to_string(seconds);
  return response;
}

Response Api::no_route(const Request& request, const Router::Match& match) const {
  if (match.kind == Router::Match::Kind::no_such_method) {
    Response response;
    if (request.method == Method::options) {
      response.status = 204;
    } else {
      response =
          error_for(request.path, {405, fmt::format("{} is not for {}", request.path, to_string(request.method))});
    }
    response.headers.emplace_back("Allow", match.allow);
    return response;
  }
  const bool reads = request.method == Method::get || request.method == Method::head;
  if (reads && pages_.known(request.path)) return pages_.answer(request);
  const bool person = request.header("Accept").find("text/html") != std::string_view::npos;
  if (reads && person && !request.path.starts_with("/api/")) return pages_.not_found(request);
  return error_for(request.path, {404, fmt::format("there is nothing at {:.200}", request.path)});
}

Response Api::refuse(std::string_view path, const Refusal& refusal) const { return error_for(path, refusal); }

void Api::count(const AppendCounts& counts, std::uint64_t rejected) {
  const auto add = [](Counter& counter, std::uint64_t value) {
    if (value > 0) counter.fetch_add(value, std::memory_order_relaxed);
  };
  add(ingest_metrics_.accepted, counts.accepted);
  add(ingest_metrics_.duplicate, counts.duplicate);
  add(ingest_metrics_.conflict, counts.conflict);
  add(ingest_metrics_.pending, counts.pending);
  add(ingest_metrics_.rejected, rejected);
  parts_.events.count_readings(counts, rejected);
}

}  // namespace meterhouse

#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/site_calendar.h"
#include "http/idempotency.h"
#include "http/message.h"
#include "http/metrics.h"
#include "http/router.h"
#include "http/server.h"
#include "http/static_files.h"
#include "http/worker_pool.h"
#include "model/site.h"
#include "service/events/event_log.h"
#include "service/ingest.h"
#include "service/jobs/job_runner.h"
#include "service/jobs/maintenance.h"
#include "service/jobs/online_backup.h"
#include "service/registry.h"
#include "service/usage_queries.h"
#include "store/readings.h"

namespace meterhouse {

// What the handlers stand on. All outlive the Api.
struct ApiParts {
  const Site& site;
  const SiteCalendar& calendar;
  const Clock& clock;
  Registry& registry;
  const MeterDirectory& directory;
  const UsageQueries& usage;
  ReadingStore& store;
  Catalog& catalog;
  JobRunner& jobs;
  Maintenance& maintenance;
  EventLog& events;
  OnlineBackup& backups;
  const JournalShipper* shipper = nullptr;  // null: the journal is not shipped
  Seconds maintenance_duration{60};         // of GET /stopserver, and where a request names none
  std::size_t bulk_records_max = 100'000;   // of POST /meter/bulk_readings
};

// Bodies that are not streamed end here; decompressed bytes count.
inline constexpr std::uint64_t kMaxBodyBytes = std::uint64_t{8} << 20;
// A record of POST /meter/bulk_readings has this many bytes at most on average: its body may have as many times the
// records.
inline constexpr std::uint64_t kMaxBulkRecordBytes = 256;
// The bodies that are read whole, of all requests together. Past it a request is answered 503 and may be sent again.
inline constexpr std::uint64_t kMaxHeldBodyBytes = std::uint64_t{512} << 20;
inline constexpr std::size_t kMaxMetersPerRequest = 1'000;
inline constexpr std::size_t kMaxReadingsPerPage = 10'000;

// All resources of the program. One class, its handlers in one file a resource: api_v1_*.cpp, api_legacy.cpp,
// api_operations.cpp; api.cpp has the table of routes and what surrounds a handler.
//   threads  any I/O thread
class Api final : public Application {
 public:
  struct Route;

  explicit Api(ApiParts parts, int worker_threads = 4);
  ~Api() override;

  Task<Response> handle(Request& request, BodyReader& body) override;
  Response refuse(std::string_view path, const Refusal& refusal) const override;
  void note_cut(const std::string& what) override;

  // For /metrics; the server outlives its last request.
  void observe(const Server& server) { server_ = &server; }

  // The table, for the test that compares it with the OpenAPI document.
  static std::vector<RoutePattern> route_patterns();

 private:
  static std::span<const Route> routes();
  Task<Response> run(const Route& route, Request& request, BodyReader& body);
  Task<Response> run_with_body(const Route& route, const Request& request, BodyReader& body);
  void note_refusal(const Route& route, const Request& request, const Response& response);
  Response run_caught(const Route& route, const Request& request, std::string_view body);
  Response no_route(const Request& request, const Router::Match& match) const;
  bool is_open_in_maintenance(const Request& request, const Router::Match& match) const;
  Response in_maintenance(const Request& request) const;

  // api_v1_config.cpp
  Response get_config(const Request& request, std::string_view body);
  // api_v1_meters.cpp
  Response get_meters(const Request& request, std::string_view body);
  Response post_meters(const Request& request, std::string_view body);
  Response get_meter(const Request& request, std::string_view body);
  Response patch_meter(const Request& request, std::string_view body);
  Response register_one(const NewMeter& meter);
  // api_v1_readings.cpp
  Task<Response> post_readings(Request& request, BodyReader& body);
  Response get_readings(const Request& request, std::string_view body);
  Response get_latest(const Request& request, std::string_view body);
  // api_v1_consumption.cpp
  Response get_consumption(const Request& request, std::string_view body);
  // api_legacy.cpp
  Task<Response> legacy_post_reading(Request& request, BodyReader& body);
  Response reject_legacy(Response response);
  Task<Response> legacy_post_bulk(Request& request, BodyReader& body);
  Response legacy_register(const Request& request, std::string_view body);
  // api_legacy_query.cpp
  Response legacy_query(const Request& request, std::string_view body);
  // api_v1_jobs.cpp
  Response get_maintenance(const Request& request, std::string_view body);
  Response post_maintenance(const Request& request, std::string_view body);
  Response delete_maintenance(const Request& request, std::string_view body);
  Response maintenance_response(int status) const;
  Response get_jobs(const Request& request, std::string_view body);
  Response get_job(const Request& request, std::string_view body);
  Response post_daily_job(const Request& request, std::string_view body);
  Response job_response(int status, std::int64_t id) const;
  Result<std::int64_t> submit_daily(std::string trigger);
  Response get_day(const Request& request, std::string_view body);
  Response get_digest(const Request& request, std::string_view body);
  // api_v1_backups.cpp
  Response get_backups(const Request& request, std::string_view body);
  Response post_backup(const Request& request, std::string_view body);
  Response post_backup_drill(const Request& request, std::string_view body);
  // api_v1_events.cpp
  Response get_events(const Request& request, std::string_view body);
  Response follow_events(const Request& request, EventFilter filter, std::optional<std::int64_t> cursor);
  Response legacy_get_logs(const Request& request, std::string_view body);
  // api_legacy_operations.cpp
  Response legacy_stop_server(const Request& request, std::string_view body);
  Response legacy_get_backup(const Request& request, std::string_view body);
  // api_operations.cpp
  Response get_openapi(const Request& request, std::string_view body);
  Response get_health(const Request& request, std::string_view body);
  Response get_readiness(const Request& request, std::string_view body);
  Response get_metrics(const Request& request, std::string_view body);
  std::vector<std::string> warnings(const StoreStats& store) const;
  void append_jobs(MetricsText& text) const;

  // Requests of one route by the first digit of their status, and the time they took.
  struct RouteMetrics {
    std::array<Counter, 6> by_class{};
    LatencyHistogram duration;
  };
  struct IngestMetrics {
    Counter accepted = 0, duplicate = 0, conflict = 0, pending = 0, rejected = 0;
    LatencyHistogram duration;
  };
  void count(const AppendCounts& counts, std::uint64_t rejected);

  ApiParts parts_;
  Ingest ingest_;
  Router router_;
  StaticFiles pages_;
  IdempotencyKeys idempotency_;
  Budget held_bodies_{kMaxHeldBodyBytes};
  std::vector<RouteMetrics> route_metrics_;
  IngestMetrics ingest_metrics_;
  std::atomic<const Server*> server_ = nullptr;
  WorkerPool workers_;  // last: its threads end before what they use
};

}  // namespace meterhouse

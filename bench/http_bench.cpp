// The budgets over HTTP, against a real server on the real disk; this load generator runs on the same machine.
//   http_bench PROGRAM CONFIG DIRECTORY ingest|latency
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "figures.h"
#include "http_load.h"
#include "load_loop.h"
#include "reading_bodies.h"
#include "server_process.h"

namespace meterhouse::bench {
namespace {

constexpr std::uint32_t kRows = 10'000;
constexpr std::size_t kBulkConnections = 8;
constexpr std::uint32_t kMeters = kRows * kBulkConnections;

LoadResult bulk(std::uint16_t port, BodyForm form) {
  std::vector<BulkRequest> requests;
  for (std::uint32_t i = 0; i < kBulkConnections; ++i)
    requests.emplace_back(form, kFirstMeter + i * kRows, kRows, port);
  return run_load(
      {.port = port, .connections = kBulkConnections, .seconds = 4},
      [&](std::size_t connection, std::string& out) { requests[connection].next(out); }, take_http_answer);
}

void ingest(const Place& place) {
  print_sync_probe(place.directory);
  {
    ServerProcess server{place.program, place.config, place.fresh("single")};
    register_meters(server.port(), kMeters);
    const double cpu = server.cpu_seconds();
    const auto result = run_singles(server.port(), kMeters, {.seconds = 5});
    print_figure("http_single", "POST /meter/reading, durable, 64 connections", result.per_second() / 1e3, "k/s",
                 at_least(60),
                 fmt::format(" p50 {:.0f} p99 {:.0f} us, server's processor {:.1f} us each", result.percentile_us(0.5),
                             result.percentile_us(0.99),
                             (server.cpu_seconds() - cpu) * 1e6 / static_cast<double>(result.answers)));
  }
  struct Case {
    BodyForm form;
    const char* key;
    const char* what;
    double budget;
  };
  for (const Case& c :
       {Case{BodyForm::json, "http_json", "POST /api/v1/readings, JSON, 10 000 a request", 3},
        Case{BodyForm::ndjson, "http_ndjson", "  NDJSON", 3}, Case{BodyForm::csv, "http_csv", "  CSV", 5},
        Case{BodyForm::packed, "http_packed", "  packed binary", 12}}) {
    ServerProcess server{place.program, place.config, place.fresh("bulk")};
    register_meters(server.port(), kMeters);
    const double cpu = server.cpu_seconds();
    const auto result = bulk(server.port(), c.form);
    print_figure(c.key, c.what, result.per_second() * kRows / 1e6, "M readings/s", at_least(c.budget),
                 fmt::format(" server's processor {:.0f} ns a reading",
                             (server.cpu_seconds() - cpu) * 1e9 / (static_cast<double>(result.answers) * kRows)));
  }
}

// ---- answers about one meter

void latency(const Place& place) {
  constexpr std::uint32_t kYearMeters = 1'000;
  const std::string data = place.fresh("latency");
  {
    ServerProcess server{place.program, place.config, data};
    register_meters(server.port(), kYearMeters);
    BulkRequest request{BodyForm::packed, kFirstMeter, kYearMeters, server.port()};
    run_load(
        {.port = server.port(), .connections = 1, .requests = 366 * 48},
        [&](std::size_t, std::string& out) { request.next(out); }, take_http_answer);
  }
  ServerProcess server{place.program, place.config, data};  // the stop has folded the year
  struct Case {
    const char* key;
    const char* what;
    const char* target;
    double budget;
  };
  for (const Case& c :
       {Case{"get_latest_us", "one meter over HTTP, p50: latest", "/api/v1/meters/{}/latest", 80},
        Case{"get_day_us", "  a day", "/api/v1/meters/{}/consumption?from=2002-03-04&to=2002-03-05&step=30min", 120},
        Case{"get_year_us", "  a year by month",
             "/api/v1/meters/{}/consumption?from=2001-09-10&to=2002-09-01&step=month", 200}}) {
    std::mt19937 random{7};
    const auto result = run_load(
        {.port = server.port(), .connections = 1, .seconds = 2},
        [&](std::size_t, std::string& out) {
          out = get_request(fmt::format(fmt::runtime(c.target), kFirstMeter + random() % kYearMeters), server.port());
        },
        take_http_answer);
    print_figure(c.key, c.what, result.percentile_us(0.5), "us", at_most(c.budget),
                 fmt::format(" p99 {:.0f}", result.percentile_us(0.99)));
  }
}

}  // namespace
}  // namespace meterhouse::bench

int main(int argc, char** argv) {
  using namespace meterhouse::bench;
  constexpr const char* kUsage = "http_bench PROGRAM CONFIG DIRECTORY ingest|latency";
  if (argc != 5) die(kUsage);
  const Place place{argv[1], argv[2], argv[3]};
  std::filesystem::create_directories(place.directory);
  const std::string_view what = argv[4];
  if (what == "ingest")
    ingest(place);
  else if (what == "latency")
    latency(place);
  else
    die(kUsage);
}

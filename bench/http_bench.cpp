// The budgets over HTTP, against a real server on the real disk; this load generator runs on the same machine.
//   http_bench PROGRAM CONFIG DIRECTORY ingest|latency|background
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <thread>

#include "figures.h"
#include "load_loop.h"
#include "reading_bodies.h"
#include "server_process.h"

namespace meterhouse::bench {
namespace {

constexpr std::uint32_t kFirstMeter = 100'000'000;
constexpr std::uint32_t kRows = 10'000;
constexpr std::size_t kBulkConnections = 8;
constexpr std::size_t kSingleConnections = 64;
constexpr std::uint32_t kMeters = kRows * kBulkConnections;

struct Place {
  std::string program;
  std::string config;
  std::string directory;

  std::string fresh(std::string_view name) const {
    const std::string data = fmt::format("{}/{}", directory, name);
    std::filesystem::remove_all(data);
    return data;
  }
};

// One request at a time, waiting for its answer.
void send_each(std::uint16_t port, std::size_t count, const std::function<std::string(std::size_t)>& request) {
  std::size_t next = 0;
  LoadOptions options{.port = port, .connections = 1, .seconds = 1e9};
  LoadResult result;
  while (next < count) {
    options.seconds = 0.2;
    result = run_load(
        options, [&](std::size_t, std::string& out) { out = request(std::min(next++, count - 1)); }, take_http_answer);
  }
}

void register_meters(std::uint16_t port, std::uint32_t meters) {
  constexpr std::uint32_t kPerRequest = 1'000;
  send_each(port, (meters + kPerRequest - 1) / kPerRequest, [&](std::size_t request) {
    std::string body = "[";
    const auto first = static_cast<std::uint32_t>(request) * kPerRequest;
    for (std::uint32_t i = first; i < std::min(first + kPerRequest, meters); ++i)
      body += fmt::format(R"({}{{"meter_id":"{:09}","region":"East Region","area":"Bedok","dwelling_type":"4-room"}})",
                          i == first ? "" : ",", kFirstMeter + i);
    body += "]";
    return fmt::format(
               "POST /api/v1/meters HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n"
               "Content-Length: {}\r\n\r\n",
               port, body.size()) +
           body;
  });
}

LoadResult bulk(std::uint16_t port, BodyForm form) {
  std::vector<BulkRequest> requests;
  for (std::uint32_t i = 0; i < kBulkConnections; ++i)
    requests.emplace_back(form, kFirstMeter + i * kRows, kRows, port);
  return run_load(
      {.port = port, .connections = kBulkConnections, .seconds = 4},
      [&](std::size_t connection, std::string& out) { requests[connection].next(out); }, take_http_answer);
}

std::vector<SingleRequest> single_requests(std::uint16_t port) {
  std::vector<SingleRequest> requests;
  const auto per = static_cast<std::uint32_t>(kMeters / kSingleConnections);
  for (std::uint32_t i = 0; i < kSingleConnections; ++i) requests.emplace_back(kFirstMeter + i * per, per, port);
  return requests;
}

LoadResult singles(std::uint16_t port, double seconds, double per_second) {
  auto requests = single_requests(port);
  return run_load(
      {.port = port, .connections = kSingleConnections, .seconds = seconds, .per_second = per_second},
      [&](std::size_t connection, std::string& out) { requests[connection].next(out); }, take_http_answer);
}

void ingest(const Place& place) {
  print_sync_probe(place.directory);
  {
    ServerProcess server{place.program, place.config, place.fresh("single")};
    register_meters(server.port(), kMeters);
    const double cpu = server.cpu_seconds();
    const auto result = singles(server.port(), 5, 0);
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
    send_each(server.port(), 366 * 48, [&](std::size_t) {
      std::string out;
      request.next(out);
      return out;
    });
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

// ---- the tail while the store works in the background

void background(const Place& place) {
  // The smallest head: it folds about once a second under the bulk load below.
  std::ifstream from{place.config};
  std::string config{std::istreambuf_iterator<char>{from}, {}};
  config.insert(config.find('{') + 1, "\n  \"head_budget_mb\": 16,");
  const std::string small = place.directory + "/small-head.json";
  std::ofstream{small} << config;

  ServerProcess server{place.program, small, place.fresh("background")};
  register_meters(server.port(), kMeters);
  print_sync_probe(place.directory);
  const auto idle = singles(server.port(), 4, 10'000);
  LoadResult busy;
  std::thread bulk{[&] {
    // Meters of its own would be fairer to the head; the same meters at other instants are harder on it.
    std::vector<BulkRequest> requests;
    for (std::uint32_t i = 0; i < 2; ++i)
      requests.emplace_back(BodyForm::packed, kFirstMeter + i * kRows, kRows, server.port());
    run_load(
        {.port = server.port(), .connections = 2, .seconds = 6, .per_second = 100},
        [&](std::size_t connection, std::string& out) { requests[connection].next(out); }, take_http_answer);
  }};
  busy = singles(server.port(), 6, 10'000);
  bulk.join();
  const double idle_ms = idle.percentile_us(0.99) / 1e3;
  print_figure("p99_idle_ms", "POST at 10 k/s, p99, nothing else going on", idle_ms, "ms");
  print_figure("p99_busy_ms", "  the same beside 1 M readings/s in bulk, folding and merging",
               busy.percentile_us(0.99) / 1e3, "ms", at_most(std::max(3 * idle_ms, 10.0)));
}

}  // namespace
}  // namespace meterhouse::bench

int main(int argc, char** argv) {
  using namespace meterhouse::bench;
  if (argc != 5) die("http_bench PROGRAM CONFIG DIRECTORY ingest|latency|background");
  const Place place{argv[1], argv[2], argv[3]};
  std::filesystem::create_directories(place.directory);
  const std::string_view what = argv[4];
  if (what == "ingest")
    ingest(place);
  else if (what == "latency")
    latency(place);
  else if (what == "background")
    background(place);
  else
    die("http_bench PROGRAM CONFIG DIRECTORY ingest|latency|background");
}

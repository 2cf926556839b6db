// What daily operations cost: the daily job itself, and what clients notice of background work. A real server on the
// real disk; this load generator runs on the same machine.
//   operations_bench PROGRAM CONFIG DIRECTORY daily|background|backfill
#include <date/tz.h>
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "figures.h"
#include "http_load.h"
#include "load_loop.h"
#include "reading_bodies.h"
#include "server_process.h"

namespace meterhouse::bench {
namespace {

constexpr std::uint32_t kRows = 10'000;

// The local day before today, where the server's site lies.
struct Yesterday {
  std::string date;
  Instant start;
};

Yesterday yesterday(std::uint16_t port) {
  simdjson::dom::parser parser;
  const std::string zone_name{parser.parse(call(port, "GET", "/api/v1/config"))["timezone"].get_string().value()};
  const auto* zone = date::locate_zone(zone_name);
  const auto day = date::floor<date::days>(zone->to_local(std::chrono::system_clock::now())) - date::days{1};
  return {date::format("%F", day),
          date::floor<Seconds>(zone->to_sys(date::local_seconds{day}, date::choose::earliest))};
}

// Each meter's half-hours of that day, with the reading that opens it and the one that closes it.
void send_day(std::uint16_t port, std::uint32_t meters, Instant start) {
  for (std::uint32_t first = 0; first < meters; first += kRows) {
    BulkRequest request{BodyForm::packed, kFirstMeter + first, std::min(kRows, meters - first), port,
                        start - Seconds{1'800}};
    run_load(
        {.port = port, .connections = 1, .requests = 49}, [&](std::size_t, std::string& out) { request.next(out); },
        take_http_answer);
  }
}

// Asks for a job and waits for its end: its document.
std::string run_job(std::uint16_t port, std::string_view target) {
  simdjson::dom::parser parser;
  const std::int64_t id = parser.parse(call(port, "POST", target))["id"].get_int64().value();
  for (;;) {
    std::string run = call(port, "GET", fmt::format("/api/v1/jobs/{}", id));
    const std::string_view state = parser.parse(run)["state"].get_string().value();
    if (state == "done") return run;
    if (state != "running") die(fmt::format("the job ended as {}: {}", state, run));
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
}

// ---- the daily job over a large town

void daily(const Place& place) {
  constexpr std::uint32_t kMeters = 1'000'000;
  ServerProcess server{place.program, place.config, place.fresh("daily")};
  print_sync_probe(place.directory);
  const Yesterday day = yesterday(server.port());
  auto start = SteadyClock::now();
  register_meters(server.port(), kMeters);
  print_figure("register_1m_s", "registering 1 M meters, 1 000 a request", seconds_since(start), "s");
  start = SteadyClock::now();
  send_day(server.port(), kMeters, day.start);
  print_figure("day_1m_s", "  their 49 M readings of a day, packed, one connection", seconds_since(start), "s");

  server.reset_peak();
  const double cpu = server.cpu_seconds();
  start = SteadyClock::now();
  const std::string run = run_job(server.port(), "/api/v1/jobs/daily");
  print_figure("daily_job_s", "the daily job over 1 M meters x 1 day", seconds_since(start), "s", {},
               fmt::format(" processor {:.1f} s, at most {:.0f} MiB resident", server.cpu_seconds() - cpu,
                           static_cast<double>(server.peak_resident_bytes()) / (1 << 20)));
  simdjson::dom::parser parser;
  const simdjson::dom::array steps = parser.parse(run)["steps"];
  for (const simdjson::dom::element step : steps)
    fmt::print("    {:<14} {:<8} {:8} ms  {}\n", step["name"].get_string().value(), step["state"].get_string().value(),
               step["duration_ms"].get_int64().value(), step["outcome"].get_string().value());

  const std::string totals = get_request("/api/v1/days/" + day.date, server.port());
  const auto result = run_load(
      {.port = server.port(), .connections = 1, .seconds = 1}, [&](std::size_t, std::string& out) { out = totals; },
      take_http_answer);
  print_figure("day_totals_ms", "a day by area x dwelling type, from day totals, over HTTP, p50",
               result.percentile_us(0.5) / 1e3, "ms", at_most(1));
}

// ---- the tail while the server works in the background

constexpr std::uint32_t kTailMeters = 80'000;

struct Work {
  const char* key;
  const char* what;
  bool needs_day;             // the readings of yesterday, which a job sums up
  std::function<void()> run;  // again and again beside the posts
  bool has_budget = true;     // the design speaks of folds, merges, jobs and backups
};

// A server whose meters are registered, with the smallest head: it folds about once a second under the bulk load below.
class TailServer {
 public:
  TailServer(const Place& place, std::string_view name)
      : place_(place), server_(place.program, small_head(place), place.fresh(name)) {
    register_meters(port(), kTailMeters);
    requests_ = bulk_requests();
  }

  std::uint16_t port() const { return server_.port(); }
  void send_yesterday() { send_day(port(), kTailMeters, yesterday(port()).start); }

  void idle(const char* key, const char* what) {
    print_sync_probe(place_.directory);
    idle_ms_ = p99_ms(4);
    print_figure(key, what, idle_ms_, "ms");
  }

  void beside(const Work& work) {
    constexpr int kSeconds = 6;
    if (work.needs_day) send_yesterday();
    const double probe_us = sync_probe_us(place_.directory);
    std::atomic<bool> over{false};
    int runs = 0;
    std::thread beside{[&] {
      for (; !over; ++runs) work.run();
    }};
    const double cpu = server_.cpu_seconds();
    const double busy_ms = p99_ms(kSeconds);
    const double used = server_.cpu_seconds() - cpu;
    over = true;
    beside.join();
    const Budget budget = work.has_budget ? at_most(std::max(3 * idle_ms_, 10.0)) : Budget{};
    print_figure(work.key, work.what, busy_ms, "ms", budget,
                 fmt::format(" {} runs, processor {:.1f} s in {} s, sync probe before {:.0f} us", runs, used, kSeconds,
                             probe_us));
  }

  // 3 M readings as fast as they are taken.
  void take_in(const char* key, const char* what) {
    auto requests = bulk_requests();
    const double cpu = server_.cpu_seconds();
    const LoadResult result = run_load(
        {.port = port(), .connections = 2, .requests = 300},
        [&](std::size_t connection, std::string& out) { requests[connection].next(out); }, take_http_answer);
    print_figure(key, what, result.per_second() * kRows / 1e6, "M readings/s", {},
                 fmt::format(" processor {:.2f} s", server_.cpu_seconds() - cpu));
  }

  // 1 M readings/s for a second.
  void bulk() {
    run_load(
        {.port = port(), .connections = 2, .seconds = 1, .per_second = 100},
        [&](std::size_t connection, std::string& out) { requests_[connection].next(out); }, take_http_answer);
  }

 private:
  // Meters of their own would be fairer to the head; the same meters at other instants are harder on it.
  std::vector<BulkRequest> bulk_requests() const {
    std::vector<BulkRequest> requests;
    for (std::uint32_t i = 0; i < 2; ++i)
      requests.emplace_back(BodyForm::packed, kFirstMeter + i * kRows, kRows, port());
    return requests;
  }

  static std::string small_head(const Place& place) {
    std::ifstream from{place.config};
    std::string config{std::istreambuf_iterator<char>{from}, {}};
    config.insert(config.find('{') + 1, "\n  \"head_budget_mb\": 16,");
    const std::string path = place.directory + "/small-head.json";
    std::ofstream{path} << config;
    return path;
  }

  double p99_ms(double seconds) const {
    return run_singles(port(), kTailMeters, {.seconds = seconds, .per_second = 10'000}).percentile_us(0.99) / 1e3;
  }

  const Place& place_;
  ServerProcess server_;
  std::vector<BulkRequest> requests_;
  double idle_ms_ = 0;
};

void background(const Place& place) {
  TailServer server{place, "background"};
  server.idle("p99_idle_ms", "POST at 10 k/s, p99, nothing else going on");
  const auto run = [&](std::string_view job) { return [&server, job] { run_job(server.port(), job); }; };
  server.beside(
      {"p99_busy_ms", "  the same beside 1 M readings/s in bulk, folding and merging", false, [&] { server.bulk(); }});
  server.beside({"p99_backup_ms", "  beside backups, one after the other", false, run("/api/v1/backups")});
  server.beside(
      {"p99_job_ms", "  beside daily jobs of 80 000 meters, one after the other", true, run("/api/v1/jobs/daily")});
}

// Every reading is years older than what its meter has in segments.
void backfill(const Place& place) {
  TailServer server{place, "backfill"};
  server.send_yesterday();
  server.take_in("late", "readings years late in bulk, packed");
  server.take_in("late_again", "  the same readings once more");
  server.idle("p99_late_idle_ms", "POST at 10 k/s of readings years late, p99, nothing else going on");
  server.beside({"p99_backfill_ms", "  the same beside 1 M readings/s in bulk, years late too", false,
                 [&] { server.bulk(); }, false});
}

}  // namespace
}  // namespace meterhouse::bench

int main(int argc, char** argv) {
  using namespace meterhouse::bench;
  constexpr const char* kUsage = "operations_bench PROGRAM CONFIG DIRECTORY daily|background|backfill";
  if (argc != 5) die(kUsage);
  const Place place{argv[1], argv[2], argv[3]};
  std::filesystem::create_directories(place.directory);
  const std::string_view what = argv[4];
  if (what == "daily")
    daily(place);
  else if (what == "background")
    background(place);
  else if (what == "backfill")
    backfill(place);
  else
    die(kUsage);
}

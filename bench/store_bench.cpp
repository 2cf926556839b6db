// The budgets of the embedded store, on the real disk.
//   store_bench DIRECTORY append|restart|memory|scan|query|disk
// DIRECTORY is for its data, several GB at most; data sets made once are used again.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <thread>

#include "figures.h"
#include "town_data.h"

namespace meterhouse::bench {
namespace {

constexpr unsigned kAppenders = 4;
constexpr std::size_t kBatch = ReadingStore::kMaxBatchReadings;

using Batches = std::vector<std::vector<Reading>>;

// Each appender has its own meters and one batch on its way at a time, as a connection has.
std::vector<Batches> appenders_of(const simulator::Town& town) {
  std::vector<Batches> all(kAppenders);
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kAppenders; ++i)
    threads.emplace_back([&, i] {
      const auto per = town.size() / kAppenders;
      all[i] = batches_of(town, i * per, (i + 1) * per, kBatch);
    });
  for (std::thread& thread : threads) thread.join();
  return all;
}

double append_all(EmbeddedReadingStore& store, std::vector<Batches>& appenders) {
  const auto start = SteadyClock::now();
  std::vector<std::thread> threads;
  for (Batches& batches : appenders)
    threads.emplace_back([&] {
      for (auto& batch : batches) {
        const std::size_t size = batch.size();
        const auto counts = or_die(store.append_and_wait(std::move(batch)));
        if (counts.accepted != size) die("not every reading was accepted");
      }
    });
  for (std::thread& thread : threads) thread.join();
  return seconds_since(start);
}

struct AppendCase {
  const char* key;
  const char* what;
  std::uint32_t meters;
  int days;
  std::uint64_t head_budget_mb;
  Budget budget;
};

void append_case(const std::string& directory, const AppendCase& c) {
  const std::string path = directory + "/append";
  std::filesystem::remove_all(path);
  const auto town = town_of(c.meters, c.days);
  auto appenders = appenders_of(town);
  std::size_t readings = 0;
  for (const Batches& batches : appenders)
    for (const auto& batch : batches) readings += batch.size();
  const SystemClock clock;
  const auto store = open_store(path, clock, c.head_budget_mb << 20);
  const double cpu = cpu_seconds();
  const double took = append_all(*store, appenders);
  const double cpu_took = cpu_seconds() - cpu;
  const auto stats = store->stats();
  print_figure(c.key, c.what, static_cast<double>(readings) / took / 1e6, "M readings/s", c.budget,
               fmt::format(" {} M in {} syncs, {} folds, processor {:.0f} ns a reading", readings / 1'000'000,
                           stats.journal_syncs, stats.folds, cpu_took * 1e9 / static_cast<double>(readings)));
  or_die(store->close());
  std::filesystem::remove_all(path);
}

void append(const std::string& directory) {
  print_sync_probe(directory);
  for (const AppendCase& c :
       {AppendCase{"append_1k", "append, durable, 4 appenders, 1 000 meters", 1'000, 360, 512, at_least(15)},
        AppendCase{"append_100k", "append, durable, 4 appenders, 100 000 meters", 100'000, 4, 512, at_least(15)},
        AppendCase{"append_1m", "append, durable, 4 appenders, 1 000 000 meters", 1'000'000, 1, 2'048, at_least(15)},
        AppendCase{"append_fold", "  the same with folds, 100 000 meters, head budget 128 MB", 100'000, 8, 128, {}}})
    append_case(directory, c);
}

// ---- a restart after kill -9

// The child appends and tells how much was acknowledged; it is killed in the middle of an append.
void append_until_killed(const std::string& path, const Batches& batches, int tell) {
  const SystemClock clock;
  const auto store = open_store(path, clock, std::uint64_t{2} << 30);
  std::uint64_t acknowledged = 0;
  for (const auto& batch : batches) {
    acknowledged += or_die(store->append_and_wait(batch)).accepted;
    if (::write(tell, &acknowledged, sizeof acknowledged) != sizeof acknowledged) break;
  }
  for (;;) pause();
}

void restart(const std::string& directory) {
  constexpr std::uint64_t kReadings = 20'000'000;
  const std::string path = directory + "/restart";
  std::filesystem::remove_all(path);
  const auto town = town_of(100'000, 5);
  const auto batches = batches_of(town, 0, town.size(), kBatch);
  int channel[2];
  if (::pipe(channel) != 0) die("no pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(channel[0]);
    append_until_killed(path, batches, channel[1]);
  }
  ::close(channel[1]);
  std::uint64_t acknowledged = 0;
  while (acknowledged < kReadings && ::read(channel[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged) {
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  while (::read(channel[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged) {
  }
  ::close(channel[0]);

  const SystemClock clock;
  const double cpu = cpu_seconds();
  const auto start = SteadyClock::now();
  const auto store = open_store(path, clock, std::uint64_t{2} << 30);
  const double took = seconds_since(start);
  const auto replayed = store->open_report().replayed_readings;
  if (replayed < acknowledged) die(fmt::format("LOST: {} acknowledged, {} replayed", acknowledged, replayed));
  print_figure(
      "restart_s", "restart with 20 M readings in the journal, after kill -9", took, "s", at_most(2),
      fmt::format(" {} acknowledged, {} there again; processor {:.2f} s", acknowledged, replayed, cpu_seconds() - cpu));
  or_die(store->close());
  std::filesystem::remove_all(path);
}

// ---- memory

std::uint64_t resident_bytes() {
  std::uint64_t pages = 0;
  std::uint64_t resident = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr || std::fscanf(file, "%lu %lu", &pages, &resident) != 2) die("no /proc/self/statm");
  std::fclose(file);
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void memory(const std::string& directory) {
  constexpr std::uint32_t kMeters = 1'000'000;
  const std::string path = directory + "/memory";
  std::filesystem::remove_all(path);
  const auto town = town_of(kMeters, 1);
  const SystemClock clock;
  const auto store = open_store(path, clock, std::uint64_t{4} << 30);
  auto batches = batches_of(town, 0, kMeters, kBatch);
  const auto before = resident_bytes();
  for (std::size_t i = 0; i < kMeters / kBatch; ++i) or_die(store->append_and_wait(batches[i]));
  // One reading each; folded and opened again, a meter that sends nothing costs its place in the table alone.
  or_die(store->fold());
  const auto idle = store->stats();
  print_figure("idle_meter_bytes", "memory of an idle meter, folded (1 M meters)",
               static_cast<double>(idle.head_bytes) / kMeters, "bytes", at_most(64));
  for (std::size_t i = kMeters / kBatch; i < batches.size(); ++i) or_die(store->append_and_wait(batches[i]));
  const auto full = store->stats();
  const double unfolded = static_cast<double>(full.head_bytes) - 64.0 * kMeters;
  print_figure("reading_bytes", "memory of an unfolded reading, beside 64 bytes a meter",
               unfolded / static_cast<double>(full.head_readings), "bytes", at_most(16),
               fmt::format(" head {} MB, process {} MB", full.head_bytes >> 20, (resident_bytes() - before) >> 20));
  or_die(store->close());
  std::filesystem::remove_all(path);
}

// ---- reading

constexpr FillOptions kYear{.meters = 1'000, .days = 366, .fold_days = 7, .settle = true};
constexpr FillOptions kThreeDays{.meters = 100'000, .days = 3, .fold_days = 1, .settle = true};
constexpr FillOptions kFreshDay{.meters = 100'000, .days = 1, .fold_days = 2, .settle = false};

void scan(const std::string& directory) {
  const auto readings = fill_store(directory + "/year", kYear);
  const SystemClock clock;
  const auto store = open_store(directory + "/year", clock);
  std::uint64_t seen = 0;
  const auto run = [&] {
    seen = 0;
    std::int64_t last = 0;
    or_die(store->scan({}, {}, [&](SeriesKey, const SeriesView& series) {
      seen += series.size();
      last += series.registers.back().count();
      return Status{};
    }));
    if (last == 0) die("nothing was scanned");
  };
  const Times times = times_of(15, run);
  if (seen != readings) die(fmt::format("{} of {} readings were scanned", seen, readings));
  print_figure("scan", "full scan, one core, 1 000 meters x 1 year", static_cast<double>(seen) / times.best / 1e6,
               "M readings/s", at_least(1'000),
               fmt::format(" median {:.0f}, by processor time {:.0f}", static_cast<double>(seen) / times.median / 1e6,
                           static_cast<double>(seen) / times.best_cpu / 1e6));
  or_die(store->close());
}

void month_totals(const std::string& directory) {
  fill_store(directory + "/year", kYear);
  const SystemClock clock;
  const auto store = open_store(directory + "/year", clock);
  const auto calendar = site_calendar();
  const auto start_of = [&](unsigned month) {
    return calendar.start_of_day(date::local_days{date::year{2024} / month / 1});
  };
  std::size_t counted = 0;
  const auto run = [&] {
    counted = 0;
    or_die(store->scan_totals({}, {start_of(6), start_of(7)}, [&](SeriesKey, std::optional<MilliWattHours> total) {
      if (total && total->count() > 0) ++counted;
      return Status{};
    }));
  };
  const Times times = times_of(25, run);
  if (counted != kYear.meters) die(fmt::format("{} totals of {}", counted, kYear.meters));
  print_figure("month_totals_ms", "a month's total of each of 1 000 meters out of a year", times.best * 1e3, "ms",
               at_most(1.0), fmt::format(" median {:.2f}, processor {:.2f}", times.median * 1e3, times.best_cpu * 1e3));
  or_die(store->close());
}

void day_by_group(const std::string& directory) {
  fill_store(directory + "/days", kThreeDays);
  const auto town = town_of(kThreeDays.meters, kThreeDays.days);
  const auto site = bench_site();
  // Which area and dwelling type a meter belongs to, as the catalog's reports hold it: a number for each meter.
  std::vector<std::uint16_t> group(kThreeDays.meters);
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < town.size(); ++i) {
    const Meter meter = town.meter(i);
    const std::string name = meter.area + "/" + meter.dwelling_type;
    const auto found = std::ranges::find(names, name);
    group[i] = static_cast<std::uint16_t>(found - names.begin());
    if (found == names.end()) names.push_back(name);
  }
  const SystemClock clock;
  const auto store = open_store(directory + "/days", clock);
  const ReadRange day{first_instant() + date::days{1}, first_instant() + date::days{2}};
  const std::uint32_t first_meter = town.options().first_meter.number();
  std::vector<std::int64_t> sums;
  const auto run = [&] {
    sums.assign(names.size(), 0);
    or_die(store->scan({}, day, [&](SeriesKey key, const SeriesView& series) {
      sums[group[key.meter().number() - first_meter]] += (series.registers.back() - series.registers.front()).count();
      return Status{};
    }));
  };
  const Times times = times_of(25, run);
  print_figure("day_by_group_ms", "a day by area x dwelling type, 100 000 meters, full scan", times.best * 1e3, "ms",
               at_most(20),
               fmt::format(" median {:.1f}, processor {:.1f}, {} groups", times.median * 1e3, times.best_cpu * 1e3,
                           names.size()));
  or_die(store->close());
}

void query(const std::string& directory) {
  month_totals(directory);
  day_by_group(directory);
}

void disk(const std::string& directory) {
  struct Case {
    const char* key;
    const char* what;
    const char* name;
    FillOptions options;
    double budget;
  };
  for (const Case& c :
       {Case{"disk_year", "bytes on disk a reading: 1 000 meters x 1 year, merged", "/year", kYear, 0.9},
        Case{"disk_days", "  100 000 meters x 3 days, joined", "/days", kThreeDays, 1.1},
        Case{"disk_fresh", "  100 000 meters, a fresh day", "/fresh", kFreshDay, 1.45}}) {
    const auto readings = fill_store(directory + c.name, c.options);
    print_figure(c.key, c.what,
                 static_cast<double>(directory_bytes(directory + c.name)) / static_cast<double>(readings), "bytes",
                 at_most(c.budget), fmt::format(" {} readings", readings));
  }
}

int run(const std::string& directory, std::string_view what) {
  std::filesystem::create_directories(directory);
  if (what == "append")
    append(directory);
  else if (what == "restart")
    restart(directory);
  else if (what == "memory")
    memory(directory);
  else if (what == "scan")
    scan(directory);
  else if (what == "query")
    query(directory);
  else if (what == "disk")
    disk(directory);
  else
    die("store_bench DIRECTORY append|restart|memory|scan|query|disk");
  return 0;
}

}  // namespace
}  // namespace meterhouse::bench

int main(int argc, char** argv) {
  if (argc != 3) meterhouse::bench::die("store_bench DIRECTORY append|restart|memory|scan|query|disk");
  return meterhouse::bench::run(argv[1], argv[2]);
}

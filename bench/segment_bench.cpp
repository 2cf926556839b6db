// Lookups and scans of segment files, from the page cache.
//   segment_bench [directory for its files, emptied of them again]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <random>
#include <string>

#include "base/file_system.h"
#include "store/embedded/segment.h"
#include "store/embedded/segment_writer.h"

namespace meterhouse {
namespace {

constexpr Instant kStart = instant_from_epoch(1'735'660'800);
constexpr Seconds kHalfHour{1'800};
constexpr std::size_t kMonth = 31 * 48;

SeriesKey key_of(std::size_t meter) {
  return {MeterId::from_number(static_cast<std::uint32_t>(100'000'000 + meter)), Channel::import_};
}

Series readings(std::size_t count, std::mt19937_64& random) {
  std::lognormal_distribution<double> kwh{-1.6, 0.6};
  Series series;
  std::int64_t hundredths = static_cast<std::int64_t>(random() % 4'000'000);
  for (std::size_t i = 1; i <= count; ++i) {
    hundredths += static_cast<std::int64_t>(kwh(random) * 100);
    series.push_back(kStart + kHalfHour * static_cast<std::int64_t>(i), MilliWattHours{hundredths * 10'000});
  }
  return series;
}

template <class T>
T or_die(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "%s\n", result.error().message.c_str());
  std::exit(1);
}

void or_die(const Status& status) {
  if (status) return;
  std::fprintf(stderr, "%s\n", status.error().message.c_str());
  std::exit(1);
}

double best_seconds(const std::function<void()>& run) {
  double best = 1e9;
  for (int i = 0; i < 15; ++i) {
    const auto start = std::chrono::steady_clock::now();
    run();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

void print(const char* what, double figure, const char* unit, const char* budget) {
  std::printf("%-52s %10.3f %-14s %s\n", what, figure, unit, budget);
}

std::shared_ptr<const Segment> segment_of(const std::string& path, std::size_t meters, std::size_t count) {
  std::mt19937_64 random{20'250'220};
  auto writer = or_die(SegmentWriter::create(posix_file_system(), path,
                                             {.start = kStart, .end = kStart + kHalfHour * std::int64_t{kMonth}}));
  for (std::size_t meter = 0; meter < meters; ++meter) {
    const Series series = readings(count, random);
    or_die(writer.add(key_of(meter), series, ReadingBefore{kStart, series.registers[0]}));
  }
  or_die(writer.finish());
  return or_die(Segment::open(posix_file_system(), path));
}

void report(const char* what, const std::string& path, std::size_t meters, std::size_t count, const char* read_budget,
            const char* summary_budget, const char* totals_budget, const char* scan_budget) {
  const auto segment = segment_of(path, meters, count);
  const auto& info = segment->info();
  std::printf("%s: %zu meters, %zu readings each\n", what, meters, count);
  print("  size, everything included", static_cast<double>(info.size_bytes) / static_cast<double>(info.readings),
        "bytes/reading", "");
  std::mt19937_64 random{1};
  constexpr std::size_t kLookups = 1'000;
  Series series;
  print("  a block read by its key",
        best_seconds([&] {
          for (std::size_t i = 0; i < kLookups; ++i) or_die(segment->read(key_of(random() % meters), {}, series));
        }) / kLookups *
            1e6,
        "us", read_budget);
  print("  a summary by its key",
        best_seconds([&] {
          for (std::size_t i = 0; i < kLookups; ++i) or_die(segment->summary(key_of(random() % meters)));
        }) / kLookups *
            1e6,
        "us", summary_budget);
  std::int64_t total = 0;
  print("  total of every meter, from the headers",
        best_seconds([&] {
          SegmentCursor cursor{segment};
          while (or_die(cursor.next()))
            total += (cursor.summary().last_register - cursor.summary().before->register_value).count();
        }) * 1e3,
        "ms", totals_budget);
  const auto scan = best_seconds([&] {
    SegmentCursor cursor{segment};
    while (or_die(cursor.next())) or_die(cursor.decode(series));
  });
  print("  full scan", static_cast<double>(info.readings) / scan / 1e6, "M readings/s", scan_budget);
  print("  full scan", scan * 1e3, "ms", "");
  std::remove(path.c_str());
  if (total == 0) std::exit(1);
}

}  // namespace
}  // namespace meterhouse

int main(int argc, char** argv) {
  const std::string directory = argc > 1 ? argv[1] : ".";
  meterhouse::report("a month", directory + "/bench_month.segment", 1'000, meterhouse::kMonth, "<= 5", "<= 2", "<= 1.0",
                     ">= 1000");
  meterhouse::report("a fresh day", directory + "/bench_day.segment", 100'000, 48, "", "", "", "");
  return 0;
}

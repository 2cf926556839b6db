// Bytes a reading and decoding rates of the blocks, on the simulator's town and on a real household's half-hours.
//   codec_bench [CSV of closing instants and kWh]
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/decimal.h"
#include "codec/block.h"
#include "codec/frames.h"
#include "simulator/town.h"

namespace meterhouse {
namespace {

constexpr std::int64_t kCentiKwh = 10'000;  // 0.01 kWh in mWh
constexpr Seconds kHalfHour{1'800};
constexpr Instant kStart = instant_from_epoch(1'735'660'800);  // 2024-12-31T16:00Z, midnight in Singapore
constexpr std::size_t kMonth = 31 * 48;

// Half-hourly readings of one channel, the first of them the one before the first block.
using Meters = std::vector<Series>;

Series series_of(const std::vector<double>& kwh) {
  Series series;
  double total = 4'321;
  for (std::size_t i = 0; i < kwh.size(); ++i) {
    total += kwh[i];
    series.push_back(kStart + kHalfHour * static_cast<std::int64_t>(i),
                     MilliWattHours{std::llround(total * 100) * kCentiKwh});
  }
  return series;
}

// The simulator's town: Singapore's dwelling types and mean uses, each meter its own; a month of it, no disorder.
Meters simulated_town(std::uint32_t count) {
  const Site site{.regions = {{"Central Region", {"Bishan"}}},
                  .dwelling_types = {"1-room / 2-room", "3-room", "4-room", "5-room and Executive",
                                     "Private Apartments and Condominiums", "Landed Properties"}};
  simulator::TownOptions options;
  options.meters = count;
  options.period = {kStart, kStart + kHalfHour * std::int64_t{kMonth}};
  const auto town = simulator::Town::build(options, site);
  if (!town) {
    std::fprintf(stderr, "%s\n", town.error().message.c_str());
    std::exit(1);
  }
  Meters meters;
  for (std::uint32_t m = 0; m < count; ++m)
    for (const auto& channel : town->series(m)) {
      Series& series = meters.emplace_back();
      for (Instant at = options.period.from; at <= options.period.to; at += kHalfHour)
        series.push_back(at, town->register_at(channel, at));
    }
  return meters;
}

// The real household's months as if each were a meter of its own; gaps are closed up.
Meters household_months(const char* path) {
  std::ifstream file{path};
  std::vector<double> kwh;
  for (std::string line; std::getline(file, line);) {
    const auto value = parse_decimal(std::string_view{line}.substr(line.find(',') + 1), 6);
    if (value) kwh.push_back(static_cast<double>(*value) / 1e6);
  }
  Meters meters;
  for (std::size_t from = 0; from + kMonth + 1 <= kwh.size(); from += kMonth)
    meters.push_back(series_of({kwh.begin() + static_cast<std::ptrdiff_t>(from),
                                kwh.begin() + static_cast<std::ptrdiff_t>(from + kMonth + 1)}));
  return meters;
}

double entropy_bytes(const Meters& meters) {
  std::map<std::int64_t, double> counts;
  double total = 0;
  for (const auto& meter : meters)
    for (std::size_t i = 1; i < meter.size(); ++i, ++total)
      ++counts[(meter.registers[i] - meter.registers[i - 1]).count()];
  double bits = 0;
  for (const auto& [value, count] : counts) bits -= count / total * std::log2(count / total);
  return bits / 8;
}

Series part(const Series& series, std::size_t from, std::size_t count) {
  Series out;
  for (auto i = from; i < from + count; ++i) out.push_back(series.at[i], series.registers[i]);
  return out;
}

// Blocks of `length` readings of all meters, one behind the other.
struct Blocks {
  std::vector<std::byte> bytes;
  std::size_t count = 0;
  std::size_t readings = 0;
};

Blocks encode(const Meters& meters, std::size_t length) {
  Blocks blocks;
  for (std::size_t m = 0; m < meters.size(); ++m)
    for (std::size_t from = 1; from + length <= meters[m].size(); from += length) {
      const SeriesKey key{MeterId::from_number(static_cast<std::uint32_t>(100'000'000 + m)), Channel::import_};
      append_block(blocks.bytes, key, part(meters[m], from, length),
                   ReadingBefore{meters[m].at[from - 1], meters[m].registers[from - 1]});
      ++blocks.count;
      blocks.readings += length;
    }
  return blocks;
}

// The best of several runs, in seconds: what the machine can do when nobody else uses it.
double best_seconds(const std::function<void()>& run) {
  double best = 1e9;
  for (int i = 0; i < 15; ++i) {
    const auto start = std::chrono::steady_clock::now();
    run();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

void print(const char* what, const char* data, double figure, const char* unit, const char* budget) {
  std::printf("%-34s %-10s %10.3f %-14s %s\n", what, data, figure, unit, budget);
}

void print_sizes(const char* data, const Meters& meters) {
  struct Length {
    const char* what;
    std::size_t days;
    const char* budget;
  };
  for (const auto& [what, days, budget] :
       {Length{"size, a month's block", 31, "<= 0.87"}, Length{"size, three days", 3, "<= 1.02"},
        Length{"size, a day", 1, "<= 1.36"}}) {
    const auto blocks = encode(meters, days * 48);
    print(what, data, static_cast<double>(blocks.bytes.size()) / static_cast<double>(blocks.readings), "bytes/reading",
          budget);
  }
  print("size, order-0 entropy", data, entropy_bytes(meters), "bytes/reading", "");
}

void print_rates(const char* data, const Meters& meters, std::size_t length, const char* what, const char* budget) {
  const auto blocks = encode(meters, length);
  Series out;
  const auto decode_all = [&] {
    for (std::size_t at = 0; at < blocks.bytes.size();) {
      const auto bytes = std::span{blocks.bytes}.subspan(at);
      if (!decode_block(bytes, out)) std::abort();
      at += decode_block_header(bytes)->size_bytes;
    }
  };
  print(what, data, static_cast<double>(blocks.readings) / best_seconds(decode_all) / 1e6, "M readings/s", budget);
  const auto headers = [&] {
    for (std::size_t at = 0; at < blocks.bytes.size();)
      at += decode_block_header(std::span{blocks.bytes}.subspan(at))->size_bytes;
  };
  print("  headers alone", data, best_seconds(headers) / static_cast<double>(blocks.count) * 1e9, "ns/block", "");
}

void print_unpacking(const char* data, const Meters& meters) {
  std::vector<std::int64_t> sums(kMonth);
  std::vector<std::vector<std::byte>> columns;
  for (const auto& meter : meters) {
    std::vector<std::uint64_t> deltas;
    for (std::size_t i = 1; i <= kMonth; ++i)
      deltas.push_back(static_cast<std::uint64_t>((meter.registers[i] - meter.registers[i - 1]).count() / kCentiKwh));
    append_frames(columns.emplace_back(), deltas, WidthCoding::nibble);
  }
  for (const auto kernel : {UnpackKernel::portable, UnpackKernel::avx2}) {
    if (kernel == UnpackKernel::avx2 && best_unpack_kernel() != kernel) continue;
    const auto run = [&] {
      for (const auto& column : columns)
        unpack_sums_with(kernel, *find_frames(column, column, kMonth, WidthCoding::nibble, kMaxWidth),
                         {.scale = 10'000}, sums.data());
    };
    print(kernel == UnpackKernel::avx2 ? "  unpack registers, avx2" : "  unpack registers, portable", data,
          static_cast<double>(columns.size() * kMonth) / best_seconds(run) / 1e6, "M readings/s", "");
  }
}

void print_encoding(const char* data, const Meters& meters) {
  std::vector<std::byte> bytes;
  const auto run = [&] {
    bytes.clear();
    for (const auto& meter : meters) append_block(bytes, SeriesKey{MeterId::from_number(1), Channel::import_}, meter);
  };
  print("encode, a month's block", data, static_cast<double>(meters.size() * (kMonth + 1)) / best_seconds(run) / 1e6,
        "M readings/s", "");
}

void report(const char* data, const Meters& meters) {
  print_sizes(data, meters);
  print_rates(data, meters, kMonth, "decode, a month's block", ">= 1000");
  print_rates(data, meters, 48, "decode, a day's block", "");
  print_unpacking(data, meters);
  print_encoding(data, meters);
}

}  // namespace
}  // namespace meterhouse

int main(int argc, char** argv) {
  meterhouse::report("town", meterhouse::simulated_town(1'000));
  if (argc > 1) meterhouse::report("household", meterhouse::household_months(argv[1]));
  return 0;
}

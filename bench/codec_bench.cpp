// Bytes a reading and decoding rates of the blocks, on a real household's half-hours and on a synthetic town.
//   codec_bench [CSV of closing instants and kWh]
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/decimal.h"
#include "codec/block.h"
#include "codec/frames.h"

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

// A thousand meters with the public mean uses of Singapore's dwelling types, a scale of their own, a daily shape,
// appliances that switch on now and then, and noise.
Meters synthetic_town(std::size_t count) {
  struct Dwelling {
    double share, kwh_a_month;
  };
  constexpr std::array kDwellings = {Dwelling{0.07, 167}, Dwelling{0.18, 277}, Dwelling{0.31, 366},
                                     Dwelling{0.24, 453}, Dwelling{0.15, 583}, Dwelling{0.05, 1'256}};
  constexpr std::array kShape = {0.7, 0.6, 0.55, 0.75, 0.9, 0.85, 0.9, 0.95, 1.0, 1.35, 1.75, 1.3};  // per two hours
  std::mt19937_64 random{20'250'220};
  std::lognormal_distribution<double> scale{0, 0.35};
  std::lognormal_distribution<double> noise{-0.06, 0.35};
  std::bernoulli_distribution appliance{0.06};
  std::discrete_distribution<std::size_t> dwelling{0.07, 0.18, 0.31, 0.24, 0.15, 0.05};
  Meters meters;
  for (std::size_t m = 0; m < count; ++m) {
    const double mean = kDwellings[dwelling(random)].kwh_a_month / kMonth * scale(random);
    std::vector<double> kwh;
    for (std::size_t i = 0; i <= kMonth; ++i)
      kwh.push_back(mean * (0.9 * kShape[i / 4 % 12] * noise(random) + (appliance(random) ? 1.7 : 0)));
    meters.push_back(series_of(kwh));
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
  meterhouse::report("town", meterhouse::synthetic_town(1'000));
  if (argc > 1) meterhouse::report("household", meterhouse::household_months(argv[1]));
  return 0;
}

#pragma once

#include <array>
#include <cstdint>

#include "base/time.h"
#include "model/series.h"

namespace meterhouse::samples {

// Splitmix64: the same numbers on every machine, so that golden files can be compared with what is made anew.
class SampleNumbers {
 public:
  explicit SampleNumbers(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  std::int64_t below(std::int64_t bound) {
    return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(bound));
  }

 private:
  std::uint64_t state_;
};

inline constexpr Instant kSampleStart = instant_from_epoch(1'739'980'800);  // 2025-02-19T16:00Z, midnight in Singapore
inline constexpr Seconds kHalfHour{1'800};
inline constexpr std::int64_t kCentiKwh = 10'000;  // 0.01 kWh in mWh

// `count` half-hourly readings of a household from the one after kSampleStart on, its register in steps of `unit`:
// little at night, a morning and an evening peak, noise over all.
inline Series household(std::size_t count, std::uint64_t seed = 1, std::int64_t unit = kCentiKwh) {
  static constexpr std::array<std::int64_t, 12> kShape = {8,  6,  6,  16, 24, 16,
                                                          14, 16, 20, 40, 48, 24};  // per two hours
  SampleNumbers numbers{seed};
  Series series;
  std::int64_t total = 100'000 + numbers.below(4'000'000);
  for (std::size_t i = 1; i <= count; ++i) {
    const auto shape = kShape[i / 4 % kShape.size()];
    total += shape / 2 + numbers.below(shape + 1);
    series.push_back(kSampleStart + kHalfHour * static_cast<std::int64_t>(i), MilliWattHours{total * unit});
  }
  return series;
}

}  // namespace meterhouse::samples

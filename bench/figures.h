#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

// What every benchmark program needs: stop on an error, take times, print a figure beside its budget.

namespace meterhouse::bench {

template <class T>
T or_die(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "%s\n", result.error().message.c_str());
  std::exit(1);
}

inline void or_die(const Status& status) {
  if (status) return;
  std::fprintf(stderr, "%s\n", status.error().message.c_str());
  std::exit(1);
}

inline void die(std::string_view message) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(message.size()), message.data());
  std::exit(1);
}

using SteadyClock = std::chrono::steady_clock;
inline double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

// Processor time of this process so far, all threads: what a figure costs however busy the machine is.
double cpu_seconds();

// The best and the middle of several runs, in seconds: what the machine can do, and what it did while shared.
struct Times {
  double best;
  double median;
  double best_cpu;  // processor time
};
Times times_of(int runs, const std::function<void()>& run);

// A budget of docs/benchmarks.md. Figures without one are printed for comparison.
struct Budget {
  enum class Kind { none, at_least, at_most } kind = Kind::none;
  double value = 0;
};
inline Budget at_least(double value) { return {Budget::Kind::at_least, value}; }
inline Budget at_most(double value) { return {Budget::Kind::at_most, value}; }

// Prints one line; `key` names the figure in the file MH_BENCH_FIGURES, from which run.sh makes its ratios.
void print_figure(std::string_view key, std::string_view what, double figure, std::string_view unit, Budget budget = {},
                  std::string_view note = {});

// 4 KiB written and synced again and again on a file filled beforehand: microseconds, the middle of many.
double sync_probe_us(const std::string& directory);
void print_sync_probe(const std::string& directory);

// What a directory takes on disk: the bytes of its files.
std::uint64_t directory_bytes(const std::string& directory);

}  // namespace meterhouse::bench

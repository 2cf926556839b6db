#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace meterhouse {

// Upper bounds of a histogram's buckets, in seconds.
inline constexpr std::array kLatencyBounds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                              0.025,  0.05,    0.1,    0.25,  0.5,    1.0,   2.5};

// Any thread.
class LatencyHistogram {
 public:
  void observe(std::chrono::nanoseconds elapsed);

 private:
  friend class MetricsText;
  std::array<std::atomic<std::uint64_t>, kLatencyBounds.size() + 1> buckets_{};
  std::atomic<std::uint64_t> sum_ns_ = 0;
};

using Counter = std::atomic<std::uint64_t>;

// The Prometheus text format, version 0.0.4. Families in the order of the calls; the samples of a family follow it. No
// label ever names a meter.
class MetricsText {
 public:
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

  enum class Type { counter, gauge, histogram };
  void family(std::string_view name, Type type, std::string_view help);
  // labels: `result="accepted",source="http"`, or empty
  void sample(std::string_view labels, std::uint64_t value);
  void sample(std::string_view labels, const LatencyHistogram& histogram);

  std::string take() { return std::move(out_); }

 private:
  void line(std::string_view suffix, std::string_view labels, std::string_view more, std::string_view value);
  std::string out_;
  std::string name_;
};

}  // namespace meterhouse

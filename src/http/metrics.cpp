#include "http/metrics.h"

#include <fmt/format.h>

#include <algorithm>

namespace meterhouse {

void LatencyHistogram::observe(std::chrono::nanoseconds elapsed) {
  const double seconds = std::chrono::duration<double>(elapsed).count();
  const auto bucket = std::ranges::lower_bound(kLatencyBounds, seconds) - kLatencyBounds.begin();
  buckets_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_ns_.fetch_add(static_cast<std::uint64_t>(elapsed.count()), std::memory_order_relaxed);
}

void MetricsText::family(std::string_view name, Type type, std::string_view help) {
  constexpr std::string_view kTypes[] = {"counter", "gauge", "histogram"};
  name_ = name;
  out_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, kTypes[static_cast<std::size_t>(type)]);
}

void MetricsText::line(std::string_view suffix, std::string_view labels, std::string_view more,
                       std::string_view value) {
  out_.append(name_).append(suffix);
  if (!labels.empty() || !more.empty())
    out_.append("{").append(labels).append(labels.empty() || more.empty() ? "" : ",").append(more).append("}");
  out_.append(" ").append(value).append("\n");
}

void MetricsText::sample(std::string_view labels, std::uint64_t value) { line("", labels, "", fmt::to_string(value)); }

void MetricsText::sample(std::string_view labels, const LatencyHistogram& histogram) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < kLatencyBounds.size(); ++i) {
    count += histogram.buckets_[i].load(std::memory_order_relaxed);
    line("_bucket", labels, fmt::format("le=\"{}\"", kLatencyBounds[i]), fmt::to_string(count));
  }
  count += histogram.buckets_.back().load(std::memory_order_relaxed);
  line("_bucket", labels, "le=\"+Inf\"", fmt::to_string(count));
  line("_sum", labels, "", fmt::format("{:.9f}", static_cast<double>(histogram.sum_ns_.load()) / 1e9));
  line("_count", labels, "", fmt::to_string(count));
}

}  // namespace meterhouse

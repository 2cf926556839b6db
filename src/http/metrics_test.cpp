#include "http/metrics.h"

#include <gtest/gtest.h>

namespace meterhouse {
namespace {

TEST(MetricsText, CountersAndHistogramsInPrometheusForm) {
  LatencyHistogram histogram;
  histogram.observe(std::chrono::microseconds{100});  // at a bound: belongs to its bucket
  histogram.observe(std::chrono::milliseconds{7});
  histogram.observe(std::chrono::seconds{60});
  MetricsText text;
  text.family("meter_readings_ingested_total", MetricsText::Type::counter, "Readings taken in");
  text.sample("result=\"accepted\"", 3);
  text.family("meter_ingest_duration_seconds", MetricsText::Type::histogram, "Time to take in a body");
  text.sample("", histogram);
  const std::string out = text.take();
  EXPECT_TRUE(
      out.starts_with("# HELP meter_readings_ingested_total Readings taken in\n"
                      "# TYPE meter_readings_ingested_total counter\n"
                      "meter_readings_ingested_total{result=\"accepted\"} 3\n"
                      "# HELP meter_ingest_duration_seconds"))
      << out;
  for (const char* line : {"_bucket{le=\"0.0001\"} 1\n", "_bucket{le=\"0.005\"} 1\n", "_bucket{le=\"0.01\"} 2\n",
                           "_bucket{le=\"2.5\"} 2\n", "_bucket{le=\"+Inf\"} 3\n", "_count 3\n", "_sum 60.007100000\n"})
    EXPECT_NE(out.find(std::string{"meter_ingest_duration_seconds"} + line), std::string::npos) << line << out;
}

}  // namespace
}  // namespace meterhouse

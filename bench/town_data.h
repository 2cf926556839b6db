#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/site.h"
#include "simulator/town.h"
#include "store/embedded/embedded_store.h"

// The data of the benchmarks: the simulator's town, half-hourly, 0.01 kWh, one channel a meter.

namespace meterhouse::bench {

Site bench_site();
simulator::Town town_of(std::uint32_t meters, int days);
Instant first_instant();  // 2024-01-01 00:00 in Singapore
SiteCalendar site_calendar();

// The readings of the meters [first, last) in the order they are sent, cut into batches.
std::vector<std::vector<Reading>> batches_of(const simulator::Town& town, std::uint32_t first, std::uint32_t last,
                                             std::size_t limit);

std::unique_ptr<EmbeddedReadingStore> open_store(const std::string& directory, const Clock& clock,
                                                 std::uint64_t head_budget_bytes = std::uint64_t{256} << 20);

// Fills an empty directory as a running server would: the clock goes with the data, the head folds every `fold_days`
// days, and at the end (`settle`) the clock goes on until every month is closed, and the segments are merged. Does
// nothing where the directory is there already. Returns the number of readings.
struct FillOptions {
  std::uint32_t meters;
  int days;
  int fold_days;
  bool settle;
};
std::uint64_t fill_store(const std::string& directory, const FillOptions& options);

}  // namespace meterhouse::bench

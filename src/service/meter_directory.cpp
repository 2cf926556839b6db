#include "service/meter_directory.h"

#include <algorithm>
#include <mutex>

namespace meterhouse {
namespace {

// Readers get in between two pieces of a large registration.
constexpr std::size_t kMetersALock = 1'024;

}  // namespace

bool MeterDirectory::contains(MeterId meter) const {
  const std::shared_lock lock{mutex_};
  return numbers_.contains(meter.number());
}

std::vector<std::size_t> MeterDirectory::unknown(std::span<const Reading> readings) const {
  std::vector<std::size_t> positions;
  const std::shared_lock lock{mutex_};
  // Bodies are often sorted by meter: the answer of the last meter is asked for again and again.
  std::uint32_t last = MeterId::kMax + 1;
  bool last_known = false;
  for (std::size_t i = 0; i < readings.size(); ++i) {
    const std::uint32_t number = readings[i].key().meter().number();
    if (number != last) {
      last = number;
      last_known = numbers_.contains(number);
    }
    if (!last_known) positions.push_back(i);
  }
  return positions;
}

std::size_t MeterDirectory::size() const {
  const std::shared_lock lock{mutex_};
  return numbers_.size();
}

void MeterDirectory::add(std::span<const MeterId> meters) {
  while (!meters.empty()) {
    const auto piece = meters.first(std::min(meters.size(), kMetersALock));
    const std::unique_lock lock{mutex_};
    for (const MeterId meter : piece) numbers_.insert(meter.number());
    meters = meters.subspan(piece.size());
  }
}

void MeterDirectory::reserve(std::size_t count) {
  const std::unique_lock lock{mutex_};
  numbers_.reserve(count);
}

}  // namespace meterhouse

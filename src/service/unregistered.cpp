#include "service/unregistered.h"

#include <algorithm>
#include <iterator>

namespace meterhouse {

std::string UnregisteredMeters::text() const {
  std::string text = fmt::format("{} meter{}: ", meters.size(), meters.size() == 1 ? "" : "s");
  for (std::size_t i = 0; i < std::min(meters.size(), kMaxNamed); ++i)
    text += fmt::format("{}{}", i == 0 ? "" : ", ", meters[i].text());
  if (meters.size() > kMaxNamed) text += fmt::format(", … and {} more", meters.size() - kMaxNamed);
  return text;
}

UnregisteredMeters unregistered_among(std::span<const MeterId> with_readings, std::span<const MeterId> registered) {
  UnregisteredMeters unregistered;
  std::ranges::set_difference(with_readings, registered, std::back_inserter(unregistered.meters));
  return unregistered;
}

Result<UnregisteredMeters> find_unregistered(const ReadingStore& store, const MeterDirectory& directory,
                                             ReadRange range) {
  UnregisteredMeters unregistered;
  auto& meters = unregistered.meters;
  const auto look = [&](SeriesKey key, std::optional<MilliWattHours>) -> Status {
    const MeterId meter = key.meter();  // both channels of a meter follow each other
    if (!directory.contains(meter) && (meters.empty() || meters.back() != meter)) meters.push_back(meter);
    return {};
  };
  if (const Status looked = store.scan_totals({}, range, look); !looked) return looked.error();
  return unregistered;
}

}  // namespace meterhouse

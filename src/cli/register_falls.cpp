#include "cli/register_falls.h"

#include <set>

namespace meterhouse::cli {

void RegisterFalls::take(std::span<const Reading> readings) {
  for (const Reading& reading : readings) {
    const auto [found, first] = channels_.try_emplace(reading.key(), Channel{reading.at(), reading.register_value()});
    Channel& channel = found->second;
    ++channel.rows;
    if (reading.at() <= channel.last) continue;  // the first row, or one that is late
    if (reading.register_value() < channel.value) ++channel.falls;
    channel.last = reading.at();
    channel.value = reading.register_value();
  }
}

std::vector<std::string> RegisterFalls::meters() const {
  std::set<MeterId> often;
  for (const auto& [key, channel] : channels_)
    if (channel.falls > kFew && channel.falls > channel.rows / 10) often.insert(key.meter());
  std::vector<std::string> texts;
  for (const MeterId meter : often) texts.push_back(meter.text());
  return texts;
}

}  // namespace meterhouse::cli

#include "cli/demo_town.h"

#include <spdlog/spdlog.h>

#include "simulator/feed.h"
#include "simulator/town.h"

namespace meterhouse::cli {
namespace {

Result<simulator::Town> demo_town(const Site& site, const SiteCalendar& calendar, Instant now) {
  simulator::TownOptions options;
  options.meters = kDemoMeters;
  options.period = {calendar.start_of_day(calendar.day_of(now) - date::days{kDemoDays}), now};
  return simulator::Town::build(options, site);
}

Status register_meters(DataDirectory& data, const simulator::Town& town) {
  std::vector<NewMeter> meters;
  for (std::uint32_t i = 0; i < town.size(); ++i) {
    const Meter meter = town.meter(i);
    meters.push_back({meter.id, meter.region, meter.area, meter.dwelling_type, meter.serial, meter.register_digits});
  }
  const auto registered = data.registry().register_meters(meters);
  if (!registered) return registered.error();
  return {};
}

Result<std::uint64_t> send_readings(DataDirectory& data, const simulator::Town& town) {
  simulator::Feed feed{town, simulator::Order::by_time, town.options().period};
  std::vector<Reading> batch;
  std::uint64_t count = 0;
  while (feed.next(batch, ReadingStore::kMaxBatchReadings / 2)) {
    count += batch.size();
    if (const auto stored = data.readings().append_and_wait(batch); !stored) return stored.error();
  }
  return count;
}

}  // namespace

Status fill_with_demo_town(DataDirectory& data, const Clock& clock) {
  if (data.meters().size() > 0) return {};
  const auto town = demo_town(data.site(), data.calendar(), clock.now());
  if (!town) return town.error().during("the demo town");
  if (const auto registered = register_meters(data, *town); !registered) return registered.error();
  const auto count = send_readings(data, *town);
  if (!count) return count.error();
  spdlog::info("demo: a simulated town of {} meters with {} readings of the last {} days; the first meter is {}",
               town->size(), *count, kDemoDays, town->options().first_meter.text());
  return {};
}

}  // namespace meterhouse::cli

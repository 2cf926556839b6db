#include "town_data.h"

#include <filesystem>

#include "figures.h"
#include "simulator/feed.h"

namespace meterhouse::bench {

using namespace date::literals;

Site bench_site() {
  Site site;
  site.regions = {{"Central Region", {"Bishan", "Novena", "Kallang", "Queenstown", "Toa Payoh", "Geylang"}},
                  {"East Region", {"Bedok", "Tampines", "Pasir Ris"}},
                  {"West Region", {"Clementi", "Jurong East", "Bukit Batok"}}};
  site.dwelling_types = {
      "1-room / 2-room", "Private Apartments and Condominiums", "Landed Properties", "5-room and Executive", "3-room",
      "4-room"};
  site.timezone = "Asia/Singapore";
  return site;
}

SiteCalendar site_calendar() { return or_die(SiteCalendar::of("Asia/Singapore")); }

Instant first_instant() { return site_calendar().start_of_day(date::local_days{2024_y / 1 / 1}); }

simulator::Town town_of(std::uint32_t meters, int days) {
  simulator::TownOptions options;
  options.meters = meters;
  options.solar_share = 0;
  // The reading at the first midnight closes the month before, which is not in the data.
  options.period = {first_instant() + options.interval, first_instant() + date::days{days}};
  return or_die(simulator::Town::build(options, bench_site()));
}

std::vector<std::vector<Reading>> batches_of(const simulator::Town& town, std::uint32_t first, std::uint32_t last,
                                             std::size_t limit) {
  simulator::Feed feed{town, simulator::Order::by_time, town.options().period, first, last};
  std::vector<std::vector<Reading>> batches;
  std::vector<Reading> batch;
  while (feed.next(batch, limit)) batches.push_back(batch);
  return batches;
}

std::unique_ptr<EmbeddedReadingStore> open_store(const std::string& directory, const Clock& clock,
                                                 std::uint64_t head_budget_bytes) {
  EmbeddedOptions options{.directory = directory, .calendar = site_calendar()};
  options.head_budget_bytes = head_budget_bytes;
  options.on_background_error = options.on_failure = [](const Error& error) { die(error.message); };
  return or_die(EmbeddedReadingStore::open(posix_file_system(), clock, std::move(options)));
}

std::uint64_t fill_store(const std::string& directory, const FillOptions& options) {
  const auto town = town_of(options.meters, options.days);
  ManualClock clock{first_instant()};
  if (std::filesystem::exists(directory)) {
    const auto store = open_store(directory, clock);
    const auto readings = store->stats().segment_readings;
    or_die(store->close());
    return readings;
  }
  const auto store = open_store(directory, clock, std::uint64_t{4} << 30);
  simulator::Feed feed{town, simulator::Order::by_time, town.options().period};
  Instant fold_at = first_instant() + date::days{options.fold_days};
  std::vector<Reading> batch;
  // No batch spans two instants, so that every reading arrives in time.
  while (feed.next(batch, std::min<std::size_t>(options.meters, ReadingStore::kMaxBatchReadings))) {
    clock.set(batch.back().at());
    or_die(store->append_and_wait(batch));
    if (feed.now() < fold_at) continue;
    or_die(store->fold());
    or_die(store->merge());
    fold_at += date::days{options.fold_days};
  }
  or_die(store->fold());
  if (options.settle) clock.advance(date::days{60});
  or_die(store->merge());
  const auto readings = store->stats().segment_readings;
  or_die(store->close());
  return readings;
}

}  // namespace meterhouse::bench

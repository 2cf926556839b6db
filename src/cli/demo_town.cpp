#include "cli/demo_town.h"

#include <algorithm>

#include "service/registry.h"
#include "simulator/feed.h"

namespace meterhouse::cli {
namespace {

using simulator::FaultKind;
using simulator::Feed;
using simulator::Town;

// The town is laid out this far ahead; a demonstration that runs longer stands still.
constexpr int kDaysAhead = 3'650;
// One gap in 80 days of a meter: a year shows a handful of estimated stretches.
constexpr double kGaps = 1.0 / 80;
// A restart looks for the newest reading among these meters: that all of them are in a gap is out of the question.
constexpr std::uint32_t kMetersLookedAt = 20;

}  // namespace

DemoTown::DemoTown(Town town, ReadingStore& store)
    : town_(std::move(town)), store_(store), done_(town_.options().period.from - town_.options().interval) {}

Result<Town> DemoTown::town_from(const Site& site, Instant first, Size size) {
  simulator::TownOptions options;
  options.meters = size.meters;
  options.period = {first, first + date::days{size.days + kDaysAhead}};
  options.solar_share = 0.5;
  options.disorder[FaultKind::gap] = kGaps;
  return Town::build(options, site);
}

Result<std::unique_ptr<DemoTown>> DemoTown::open(const Site& site, Catalog& catalog, ReadingStore& store,
                                                 MeterDirectory& directory, Instant now, Size size) {
  const auto count = catalog.meter_count();
  if (!count) return count.error();
  const StoreStats stats = store.stats();
  if (*count == 0 && stats.head_readings + stats.segment_readings > 0) return std::unique_ptr<DemoTown>{};
  if (*count == 0) return found(site, catalog, store, directory, now, size);

  const auto first_id = simulator::TownOptions{}.first_meter;
  const auto first = catalog.meter(first_id);
  if (first && first->serial.starts_with("SIM")) return resume(site, *first, store, size);
  if (!first && first.error().code != Errc::not_found) return first.error();
  return std::unique_ptr<DemoTown>{};
}

Result<std::unique_ptr<DemoTown>> DemoTown::found(const Site& site, Catalog& catalog, ReadingStore& store,
                                                  MeterDirectory& directory, Instant now, Size size) {
  const auto calendar = SiteCalendar::of(site.timezone);
  if (!calendar) return calendar.error();
  const auto first_day = calendar->day_of(now) - date::days{size.days};
  auto town = town_from(site, calendar->start_of_day(first_day), size);
  if (!town) return town.error();

  std::vector<NewMeter> meters;
  for (std::uint32_t index = 0; index < town->size(); ++index) {
    const Meter meter = town->meter(index);
    meters.push_back({meter.id, meter.region, meter.area, meter.dwelling_type, meter.serial, meter.register_digits});
  }
  // Registered when their readings begin: intervals are expected from then on.
  const ManualClock installed{town->options().period.from};
  Registry registry{site, installed, catalog, store, directory};
  if (const auto registered = registry.register_meters(meters); !registered) return registered.error();
  return std::unique_ptr<DemoTown>{new DemoTown{std::move(*town), store}};
}

Result<std::unique_ptr<DemoTown>> DemoTown::resume(const Site& site, const Meter& first_meter, ReadingStore& store,
                                                   Size size) {
  auto town = town_from(site, first_meter.registered_at, size);
  if (!town) return town.error();
  std::unique_ptr<DemoTown> demo{new DemoTown{std::move(*town), store}};
  const auto& period = demo->town_.options().period;
  for (std::uint32_t index = 0; index < std::min(kMetersLookedAt, demo->town_.size()); ++index) {
    const auto series = demo->town_.series(index).front();
    const auto newest = store.latest(series.key, 1);
    if (!newest) return newest.error();
    if (newest->empty() || newest->at.back() < period.from || newest->at.back() > period.to) continue;
    if (demo->town_.register_at(series, newest->at.back()) != newest->registers.back())
      return std::unique_ptr<DemoTown>{};  // somebody's own readings: another town
    demo->done_ = std::max(demo->done_, newest->at.back());
  }
  // A half-hour whose readings a crash cut off is sent again: those that are there are duplicates.
  demo->done_ = std::max(demo->done_ - demo->town_.options().interval, period.from - demo->town_.options().interval);
  return demo;
}

Result<std::uint64_t> DemoTown::bring_up_to(Instant now, const std::function<bool()>& stop) {
  const auto& period = town_.options().period;
  const TimeRange range{std::max(done_ + Seconds{1}, period.from), std::min(now, period.to)};
  if (now < next() || range.to < range.from) return 0;
  Feed feed{town_, simulator::Order::by_time, range};
  std::vector<Reading> batch;
  std::uint64_t added = 0;
  while (feed.next(batch, ReadingStore::kMaxBatchReadings)) {
    if (stop()) return added;
    const auto counts = store_.append_and_wait(std::exchange(batch, {}));
    if (!counts) return counts.error();
    added += counts->accepted;
  }
  while (next() <= range.to) done_ = next();
  return added;
}

DemoTrickle::DemoTrickle(std::unique_ptr<DemoTown> town, const Clock& clock, std::function<void(const Error&)> on_error)
    : town_(std::move(town)), clock_(clock), on_error_(std::move(on_error)), thread_([this] { run(); }) {}

DemoTrickle::~DemoTrickle() {
  {
    const std::scoped_lock lock{mutex_};
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void DemoTrickle::run() {
  // Looks at the clock at least once a minute: it may be set, or the machine may have slept.
  constexpr Seconds kLongestWait{60};
  std::unique_lock lock{mutex_};
  while (!stopping_) {
    const auto wait = std::clamp(town_->next() - clock_.now(), Seconds{1}, kLongestWait);
    wake_.wait_for(lock, wait, [this] { return stopping_; });
    if (stopping_ || clock_.now() < town_->next()) continue;
    lock.unlock();
    if (const auto added = town_->bring_up_to(clock_.now()); !added) on_error_(added.error());
    lock.lock();
  }
}

}  // namespace meterhouse::cli

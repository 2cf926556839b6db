#include "simulator/feed.h"

#include <algorithm>

#include "base/check.h"
#include "simulator/random.h"

namespace meterhouse::simulator {
namespace {

constexpr std::int64_t kHundredth = 10'000;  // 0.01 kWh in mWh

// 1..most intervals.
Seconds some_intervals(std::uint64_t random, std::uint64_t most, Seconds interval) {
  return (1 + static_cast<std::int64_t>(pick(random, most))) * interval;
}

}  // namespace

Feed::Feed(const Town& town, Order order, TimeRange range, FaultSink faults)
    : Feed(town, order, range, 0, town.size(), std::move(faults)) {}

Feed::Feed(const Town& town, Order order, TimeRange range, std::uint32_t first, std::uint32_t last, FaultSink faults)
    : town_(town),
      order_(order),
      range_(range),
      faults_(std::move(faults)),
      interval_(town.options().interval),
      next_meter_(first),
      last_meter_(last),
      now_(range.from) {
  const auto& period = town.options().period;
  MH_CHECK(period.from <= range.from && range.to <= period.to && first <= last && last <= town.size());
}

bool Feed::next(std::vector<Reading>& out, std::size_t limit) {
  out.clear();
  while (out.size() < limit) {
    if (!due_.empty()) {
      out.push_back(due_.back());
      due_.pop_back();
    } else if (running_ && position_ < channels_.size()) {
      if (town_.faults().any())
        send_disordered(channels_[position_++], out);
      else
        send_in_order(out, limit);
    } else if (!advance()) {
      break;
    }
  }
  return !out.empty();
}

// The next instant; after the last one what is still late; after that the next meters.
bool Feed::advance() {
  position_ = 0;
  if (running_) {
    const bool in_day = ++step_ < town_.day(day_).steps();
    running_ = in_day || enter_day(day_ + 1);
    if (in_day) now_ += interval_;
    running_ = running_ && now_ <= range_.to;
  } else if (late_.empty()) {
    if (!start_next_meters()) return false;
  }
  if (!running_ && !late_.empty()) now_ = late_.begin()->first;
  send_due();
  return true;
}

bool Feed::start_next_meters() {
  if (next_meter_ == last_meter_) return false;
  const auto end = order_ == Order::by_meter ? next_meter_ + 1 : last_meter_;
  channels_.clear();
  for (; next_meter_ != end; ++next_meter_)
    for (const auto& model : town_.series(next_meter_)) channels_.push_back({model, {}, {}});

  std::size_t day = 0;
  while (town_.day(day).start + town_.day(day).length <= range_.from) ++day;
  running_ = enter_day(day);
  while (running_ && now_ < range_.from) {  // the range may begin within a day
    ++step_;
    now_ += interval_;
    if (step_ == town_.day(day_).steps()) running_ = enter_day(day_ + 1);
  }
  running_ = running_ && now_ <= range_.to;
  return true;
}

bool Feed::enter_day(std::size_t day) {
  if (day >= town_.days()) return false;
  day_ = day;
  step_ = 0;
  now_ = town_.day(day).start;
  for (auto& channel : channels_) channel.energy = town_.energy_day(channel.model, town_.day(day));
  return true;
}

void Feed::send_due() {
  while (!late_.empty() && late_.begin()->first <= now_) {
    auto& readings = late_.begin()->second;
    due_.insert(due_.begin(), readings.rbegin(), readings.rend());
    late_.erase(late_.begin());
  }
}

void Feed::send_in_order(std::vector<Reading>& out, std::size_t limit) {
  const TownDay& day = town_.day(day_);
  const auto end = std::min(channels_.size(), position_ + (limit - out.size()));
  for (; position_ < end; ++position_) {
    const Channel& channel = channels_[position_];
    out.emplace_back(channel.model.key, now_, town_.register_at(channel.model, channel.energy, day, step_));
  }
}

void Feed::send_disordered(Channel& channel, std::vector<Reading>& out) {
  const auto actual = town_.register_at(channel.model, channel.energy, town_.day(day_), step_);
  tell_device_faults(channel, actual);
  if (in_gap(channel, actual)) return;

  const auto shown = shown_register(channel, actual);
  const auto sent = sending_time(channel, actual, shown);
  const Reading reading{channel.model.key, now_, shown};
  if (sent == now_)
    out.push_back(reading);
  else
    late_[sent].push_back(reading);
  send_again(channel, actual, shown, sent);
}

bool Feed::in_gap(const Channel& channel, MilliWattHours actual) const {
  const auto gap = town_.faults().run_over(FaultKind::gap, channel.model.key, now_);
  if (gap && is_first_of(*gap)) tell_run(FaultKind::gap, channel, *gap, actual, actual);
  return gap.has_value();
}

MilliWattHours Feed::shown_register(const Channel& channel, MilliWattHours actual) const {
  const auto key = channel.model.key;
  if (const auto run = town_.faults().run_over(FaultKind::stuck, key, now_)) {
    const auto stopped = town_.register_at(channel.model, run->from);
    if (is_first_of(*run)) tell_run(FaultKind::stuck, channel, *run, actual, stopped);
    return stopped;
  }
  auto shown = actual;
  auto kind = FaultKind::dip;
  if (town_.faults().at_reading(FaultKind::dip, key, now_)) {
    shown = MilliWattHours{0};
  } else if (const auto random = town_.faults().at_reading(FaultKind::spike, key, now_)) {
    kind = FaultKind::spike;
    shown += MilliWattHours{(5'000 + static_cast<std::int64_t>(pick(*random, 45'001))) * kHundredth};
  }
  if (shown != actual) tell(kind, channel, now_, actual, shown);
  return shown;
}

Instant Feed::sending_time(const Channel& channel, MilliWattHours actual, MilliWattHours shown) const {
  const auto key = channel.model.key;
  const auto late_run = [&](FaultKind kind, Seconds unit, std::uint64_t most) -> std::optional<Instant> {
    const auto run = town_.faults().run_over(kind, key, now_);
    if (!run) return std::nullopt;
    const auto sent = run->to + some_intervals(run->random, most, unit);
    if (is_first_of(*run)) tell_run(kind, channel, *run, actual, shown, sent);
    return sent;
  };
  if (const auto sent = late_run(FaultKind::late_days, std::chrono::hours{24}, 7)) return *sent;
  if (const auto sent = late_run(FaultKind::late_hours, std::chrono::hours{1}, 23)) return *sent;
  if (const auto random = town_.faults().at_reading(FaultKind::out_of_order, key, now_)) {
    const auto sent = now_ + some_intervals(*random, 4, interval_);
    tell(FaultKind::out_of_order, channel, now_, actual, shown, sent);
    return sent;
  }
  return now_;
}

void Feed::send_again(const Channel& channel, MilliWattHours actual, MilliWattHours shown, Instant sent) {
  const auto key = channel.model.key;
  if (const auto random = town_.faults().at_reading(FaultKind::duplicate, key, now_)) {
    const auto again = sent + some_intervals(*random, 48, interval_);
    tell(FaultKind::duplicate, channel, now_, actual, shown, again);
    late_[again].emplace_back(key, now_, shown);
  }
  if (const auto random = town_.faults().at_reading(FaultKind::conflict, key, now_)) {
    const auto again = sent + some_intervals(*random, 48, interval_);
    const auto other = shown + MilliWattHours{(1 + static_cast<std::int64_t>(pick(mix(*random), 500))) * kHundredth};
    tell(FaultKind::conflict, channel, now_, actual, other, again);
    late_[again].emplace_back(key, now_, other);
  }
}

void Feed::tell_device_faults(Channel& channel, MilliWattHours actual) const {
  const SeriesModel& model = channel.model;
  if (model.exchanged == now_) {
    const auto used_before = model.offset_after - model.offset;
    tell(FaultKind::exchange, channel, now_, actual, MilliWattHours{actual.count() + used_before});
  }
  const bool wraps = town_.faults().of_meter(FaultKind::rollover, model.key.meter()).has_value();
  if (wraps && actual < channel.previous && model.exchanged == kLastInstant)
    tell(FaultKind::rollover, channel, now_, channel.previous, actual);
  channel.previous = actual;
}

bool Feed::is_first_of(const FaultPlan::Run& run) const { return now_ == range_.from || now_ - interval_ < run.from; }

void Feed::tell(FaultKind kind, const Channel& channel, Instant to, MilliWattHours actual, MilliWattHours shown,
                std::optional<Instant> delivered) const {
  if (faults_) faults_({kind, channel.model.key, now_, to, actual, shown, delivered});
}

void Feed::tell_run(FaultKind kind, const Channel& channel, const FaultPlan::Run& run, MilliWattHours actual,
                    MilliWattHours shown, std::optional<Instant> delivered) const {
  tell(kind, channel, std::min(run.to - interval_, range_.to), actual, shown, delivered);
}

}  // namespace meterhouse::simulator

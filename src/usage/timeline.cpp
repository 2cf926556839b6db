#include "usage/timeline.h"

#include <algorithm>

#include "base/decimal.h"
#include "usage/consumption.h"

namespace meterhouse {
namespace {

// The most a dwelling can draw: three phases of 100 A at 230 V, and a fifth on top (VEE practice).
constexpr Int128 kGreatestDrawPerHour = Int128{69} * 1'000'000 * 6 / 5;

bool can_be_drawn(Int128 energy, Seconds length) { return energy * 3600 <= kGreatestDrawPerHour * length.count(); }

// A fall is a rollover where the register stood in its last tenth, came out in its lower half, and the energy then used
// can be drawn.
bool is_rollover(const Series& series, std::size_t pair, std::optional<MilliWattHours> modulus) {
  if (!modulus) return false;
  const std::int64_t wrap = modulus->count();
  const std::int64_t before = series.registers[pair].count();
  const std::int64_t after = series.registers[pair + 1].count();
  if (before >= wrap || before <= wrap / 10 * 9 || after >= wrap / 2) return false;
  return can_be_drawn(Int128{wrap} - before + after, series.at[pair + 1] - series.at[pair]);
}

// Whether the readings between the two are a dip, where all of them are lower than the first and the second is not. One
// that begins like a rollover is none as long as the way up from it can be drawn too.
bool is_dip(const Series& series, std::size_t before, std::size_t after, std::optional<MilliWattHours> modulus) {
  if (series.at[after] - series.at[before] > kDipReach) return false;
  if (!is_rollover(series, before, modulus)) return true;
  const Int128 rise = Int128{series.registers[after].count()} - series.registers[before + 1].count();
  return !can_be_drawn(rise, series.at[after] - series.at[before + 1]);
}

// Readings [first, last) that are left out.
struct Dip {
  std::size_t first;
  std::size_t last;
};

// Each reading waits for the first one as high as itself; those that wait have falling registers, so a new reading ends
// the wait of the last few. A reading is put there once and taken away once: linear, however deep the falls lie in
// each other. Nothing before `start` falls.
std::vector<Dip> find_dips(const Series& series, std::size_t start, std::optional<MilliWattHours> modulus) {
  std::vector<Dip> dips;
  std::vector<std::size_t> waiting;
  for (std::size_t reading = start; reading < series.size(); ++reading) {
    std::size_t first = reading;
    while (!waiting.empty() && series.registers[waiting.back()] <= series.registers[reading]) {
      if (is_dip(series, waiting.back(), reading, modulus)) first = waiting.back() + 1;
      waiting.pop_back();
    }
    waiting.push_back(reading);
    if (first == reading) continue;
    while (!dips.empty() && dips.back().first >= first) dips.pop_back();  // it lies inside this one
    dips.push_back({first, reading});
  }
  return dips;
}

constexpr std::int64_t kMaxLift = 9'000'000'000'000'000'000;

}  // namespace

Result<Timeline> Timeline::of(const Series& series, std::optional<MilliWattHours> modulus) {
  Timeline timeline{series};
  const auto fall = std::ranges::is_sorted_until(series.registers);
  if (fall == series.registers.end()) [[likely]]
    return timeline;
  const auto start = static_cast<std::size_t>(fall - series.registers.begin()) - 1;

  auto kept = std::make_unique<Series>();
  kept->reserve(series.size());
  std::vector<std::size_t> over_dips;  // pairs of `kept`
  std::size_t next = 0;
  const auto keep_until = [&](std::size_t last) {
    for (; next < last; ++next) kept->push_back(series.at[next], series.registers[next]);
  };
  for (const Dip& dip : find_dips(series, start, modulus)) {
    keep_until(dip.first);
    over_dips.push_back(kept->size() - 1);
    timeline.dips_ = TimeRange{timeline.dips_ ? timeline.dips_->from : series.at[dip.first - 1], series.at[dip.last]};
    next = dip.last;
  }
  keep_until(series.size());
  timeline.series_ = kept.get();
  timeline.kept_ = std::move(kept);
  if (auto found = timeline.find_breaks(start, over_dips, modulus); !found) return found.error();
  return timeline;
}

Status Timeline::find_breaks(std::size_t start, std::span<const std::size_t> over_dips,
                             std::optional<MilliWattHours> modulus) {
  std::int64_t lift = 0;
  auto dip = over_dips.begin();
  for (std::size_t i = start; i + 1 < size(); ++i) {
    if (dip != over_dips.end() && *dip == i) {
      breaks_.push_back({i, lift, true});
      ++dip;
      continue;  // the register after a dip is never lower
    }
    const std::int64_t fall = series_->registers[i].count() - series_->registers[i + 1].count();
    if (fall <= 0) continue;
    const bool rollover = is_rollover(*series_, i, modulus);
    const std::int64_t step = rollover ? modulus->count() : fall;
    if (lift > kMaxLift - step)
      return Error{
          Errc::out_of_range,
          fmt::format("the register falls so far and so often that its energy does not fit, the last time at {}",
                      epoch_seconds(at(i + 1)))};
    lift += step;
    breaks_.push_back({i, lift, !rollover});
  }
  return {};
}

std::int64_t Timeline::energy(std::size_t reading) const {
  const std::int64_t plain = series_->registers[reading].count() - series_->registers[0].count();
  if (breaks_.empty()) return plain;
  const auto after = std::ranges::lower_bound(breaks_, reading, {}, &Break::pair);
  return after == breaks_.begin() ? plain : plain + (after - 1)->lift;
}

bool Timeline::suspect(std::size_t first, std::size_t last) const {
  auto found = std::ranges::lower_bound(breaks_, first, {}, &Break::pair);
  while (found != breaks_.end() && found->pair < last && !found->suspect) ++found;
  return found != breaks_.end() && found->pair < last;
}

std::int64_t Timeline::interpolate(std::size_t pair, Instant instant) const {
  const std::int64_t start = energy(pair);
  const Int128 used = Int128{energy(pair + 1)} - start;
  const Seconds length = at(pair + 1) - at(pair);
  return start + divide_round_half_even(used * (instant - at(pair)).count(), length.count());
}

Timeline::Edge Timeline::edge_at(Instant instant, Seconds snap, std::size_t& near) const {
  if (size() == 0) return {instant, Edge::Place::before_first, false, 0, 0};
  // The first reading at or after the instant, sought in doubling steps: neighbouring bounds lie near each other.
  std::size_t stride = 1;
  std::size_t low = near;
  while (low + stride < size() && at(low + stride) < instant) {
    low += stride;
    stride *= 2;
  }
  const auto begin = series_->at.begin();
  const auto high = begin + static_cast<std::ptrdiff_t>(std::min(low + stride + 1, size()));
  const auto after =
      static_cast<std::size_t>(std::lower_bound(begin + static_cast<std::ptrdiff_t>(low), high, instant) - begin);
  near = after == 0 ? 0 : after - 1;

  const bool has_before = after > 0;
  const bool has_after = after < size();
  const bool near_before = has_before && instant - at(after - 1) <= snap;
  const bool near_after = has_after && at(after) - instant <= snap;
  if (near_before || near_after) {
    const bool take_before = near_before && (!near_after || instant - at(after - 1) <= at(after) - instant);
    const std::size_t reading = take_before ? after - 1 : after;
    return {instant, Edge::Place::known, false, reading, energy(reading)};
  }
  if (!has_before) return {instant, Edge::Place::before_first, false, 0, 0};
  if (!has_after) return {instant, Edge::Place::after_last, false, size() - 1, 0};
  return {instant, Edge::Place::known, true, after - 1, interpolate(after - 1, instant)};
}

}  // namespace meterhouse

#include "usage/timeline.h"

#include <algorithm>

#include "base/decimal.h"

namespace meterhouse {
namespace {

// A fall is a rollover where the register stood in its last tenth, came out in its lower half, and the energy then used
// is what a dwelling can draw: three phases of 100 A at 230 V, and a fifth on top (VEE practice).
constexpr Int128 kGreatestDrawPerHour = Int128{69} * 1'000'000 * 6 / 5;

bool is_rollover(std::int64_t before, std::int64_t after, std::int64_t modulus, Seconds length) {
  if (before >= modulus || before <= modulus / 10 * 9 || after >= modulus / 2) return false;
  const Int128 used = Int128{modulus} - before + after;
  return used * 3600 <= kGreatestDrawPerHour * length.count();
}

constexpr std::int64_t kMaxLift = 9'000'000'000'000'000'000;

}  // namespace

Result<Timeline> Timeline::of(const Series& series, std::optional<MilliWattHours> modulus) {
  Timeline timeline{series};
  std::int64_t lift = 0;
  for (std::size_t i = 0; i + 1 < series.size(); ++i) {
    const std::int64_t before = series.registers[i].count();
    const std::int64_t after = series.registers[i + 1].count();
    if (after >= before) [[likely]]
      continue;
    const bool rollover = modulus && is_rollover(before, after, modulus->count(), series.at[i + 1] - series.at[i]);
    const std::int64_t step = rollover ? modulus->count() : before - after;
    if (lift > kMaxLift - step)
      return Error{
          Errc::out_of_range,
          fmt::format("the register falls so far and so often that its energy does not fit, the last time at {}",
                      epoch_seconds(series.at[i + 1]))};
    lift += step;
    timeline.breaks_.push_back({i, lift, !rollover});
  }
  return timeline;
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

// Finds where readings are missing in one pass: the next grid point runs along with the readings and is only compared
// and moved by one interval, without a division, as long as each reading stands where it is expected. What is kept are
// the holes, few in a healthy channel; a range's counts are then arithmetic on its ends less the holes in it.
#include "usage/expected_grid.h"

#include <algorithm>

#include "base/check.h"

namespace meterhouse {
namespace {

constexpr std::int64_t floor_divide(std::int64_t value, std::int64_t divisor) {
  return value / divisor - (value % divisor < 0 ? 1 : 0);
}

}  // namespace

ExpectedGrid::ExpectedGrid(const ConsumptionQuery& query, Seconds utc_offset, const Timeline& timeline)
    : timeline_(timeline),
      interval_(query.interval.count()),
      phase_(-utc_offset.count()),
      snap_(std::min(query.snap.count(), (query.interval.count() - 1) / 2)),
      installed_(epoch_seconds(query.installed)),
      now_(epoch_seconds(query.now)) {
  MH_CHECK(interval_ > 0 && snap_ >= 0);
  find_holes();
}

std::int64_t ExpectedGrid::point_after(std::int64_t seconds) const {
  return phase_ + (floor_divide(seconds - phase_, interval_) + 1) * interval_;
}

std::int64_t ExpectedGrid::points_in(Bounds bounds) const {
  if (bounds.until <= bounds.after) return 0;
  return floor_divide(bounds.until - phase_, interval_) - floor_divide(bounds.after - phase_, interval_);
}

// The first interval expected begins when the meter is there, so it closes an interval later.
ExpectedGrid::Bounds ExpectedGrid::expected_in(TimeRange range) const {
  return {std::max(epoch_seconds(range.from), installed_ + interval_ - 1), std::min(epoch_seconds(range.to), now_)};
}

void ExpectedGrid::find_holes() {
  if (timeline_.size() < 2) return;
  const auto seconds = [&](std::size_t reading) { return epoch_seconds(timeline_.at(reading)); };
  std::int64_t point = point_after(seconds(0) + snap_);
  const std::size_t pairs = timeline_.size() - 1;
  for (std::size_t pair = 0; pair < pairs; ++pair) {
    const std::int64_t next = seconds(pair + 1);
    if (point < next - snap_) [[unlikely]] {
      const std::int64_t end = point_after(next - snap_ - 1);  // the first point not in this pair
      add_hole(pair, point, end - interval_);
      point = end;
    }
    if (point <= next + snap_) point += interval_;  // the reading stands on it
  }
}

void ExpectedGrid::add_hole(std::size_t pair, std::int64_t first, std::int64_t last) {
  first = std::max(first, point_after(installed_ - 1));
  last = std::min(last, point_after(now_) - interval_);
  if (first <= last) holes_.push_back({pair, first, last});
}

std::vector<ExpectedGrid::Hole>::const_iterator ExpectedGrid::first_hole(std::size_t pair) const {
  return std::ranges::lower_bound(holes_, pair, {}, &Hole::pair);
}

Completeness ExpectedGrid::count(TimeRange range) const {
  const Bounds expected = expected_in(range);
  Completeness counts;
  counts.expected = points_in(expected);
  if (timeline_.size() == 0) return counts;
  const std::int64_t first = epoch_seconds(timeline_.at(0)) - snap_;
  const std::int64_t last = epoch_seconds(timeline_.at(timeline_.size() - 1)) + snap_;
  const Bounds covered{std::max(expected.after, first - 1), std::min(expected.until, last)};
  counts.found = points_in(covered);
  for (auto hole = std::ranges::upper_bound(holes_, expected.after, {}, &Hole::last);
       hole != holes_.end() && hole->first <= expected.until; ++hole)
    counts.found -= points_in({std::max(expected.after, hole->first - 1), std::min(expected.until, hole->last)});
  return counts;
}

void ExpectedGrid::add_estimates(Completeness& counts, TimeRange range, const Timeline::Edge& start,
                                 const Timeline::Edge& end) const {
  const Bounds expected = expected_in(range);
  const auto is_closing = [&](std::int64_t point) { return expected.after < point && point <= expected.until; };
  const auto add_energy = [&](std::size_t pair) {
    const std::int64_t from = std::max(start.energy, timeline_.energy(pair));
    const std::int64_t to = std::min(end.energy, timeline_.energy(pair + 1));
    counts.estimated_energy += MilliWattHours{std::max<std::int64_t>(to - from, 0)};
  };
  bool start_done = !start.estimated;
  bool end_done = !end.estimated;
  const auto first = first_hole(start.before);
  for (auto hole = first; hole != holes_.end() && hole->pair < end.pairs_end(); ++hole) {
    start_done = start_done || hole->pair == start.before;
    end_done = end_done || hole->pair == end.before;
    add_energy(hole->pair);
    counts.estimated += points_in({std::max(expected.after, hole->first - 1), std::min(expected.until, hole->last)});
    // The interval after the last point begins with an unknown register too; where it ends in one it is counted there.
    const std::int64_t after = hole->last + interval_;
    const auto next = hole + 1;
    if (is_closing(after) && (next == holes_.end() || next->first != after)) ++counts.estimated;
  }
  if (!start_done) {
    add_energy(start.before);
    const std::int64_t closing = point_after(epoch_seconds(range.from));
    const bool counted = first != holes_.end() && first->first == closing;
    if (is_closing(closing) && !counted) ++counts.estimated;
    end_done = end_done || end.before == start.before;
  }
  if (!end_done) add_energy(end.before);
}

}  // namespace meterhouse

#pragma once

#include <cstddef>
#include <vector>

#include "base/time.h"
#include "usage/consumption.h"
#include "usage/timeline.h"

namespace meterhouse {

// The instants at which readings are expected, every `interval` on the site's clock, against those that came. An
// interval of the grid is counted where it closes, so that counts of neighbouring ranges add up. Refers to the
// timeline.
class ExpectedGrid {
 public:
  // utc_offset  of the site: the grid has a point at local midnight
  ExpectedGrid(const ConsumptionQuery& query, Seconds utc_offset, const Timeline& timeline);

  // The counts of (from, to], whatever of it the readings cover; `estimated` still without the edges.
  Completeness count(TimeRange range) const;

  // Adds the expected intervals and the energy that the registers do not tell alone: those beside a point without a
  // reading, and those cut by an interpolated edge. `start` and `end`: the covered part of the range, both known.
  void add_estimates(Completeness& counts, TimeRange range, const Timeline::Edge& start,
                     const Timeline::Edge& end) const;

 private:
  // The grid points in a pair on which no reading stands.
  struct Hole {
    std::size_t pair;
    std::int64_t first;
    std::int64_t last;
  };
  struct Bounds {  // (after, until] in seconds
    std::int64_t after;
    std::int64_t until;
  };
  Bounds expected_in(TimeRange range) const;
  std::int64_t point_after(std::int64_t seconds) const;  // the first grid point later than it
  std::int64_t points_in(Bounds bounds) const;
  void find_holes();
  void add_hole(std::size_t pair, std::int64_t first, std::int64_t last);
  std::vector<Hole>::const_iterator first_hole(std::size_t pair) const;

  const Timeline& timeline_;
  std::int64_t interval_;
  std::int64_t phase_;
  std::int64_t snap_;  // less than half an interval, so that a reading stands on one point only
  std::int64_t installed_;
  std::int64_t now_;
  std::vector<Hole> holes_;  // ascending
};

}  // namespace meterhouse

#pragma once

#include <cstddef>

#include "model/series.h"
#include "store/readings.h"

namespace meterhouse {

// What reads, folds and merges do to a channel's readings in memory.

// Appends `later` to `out`; where both have an instant, `out` wins. Cheap where `later` lies behind.
void merge_into(Series& out, const Series& later);
// The readings within the range.
Series part(const Series& series, ReadRange range);
// Drops what lies outside the range; the first `kept` readings stay in any case.
void clip(Series& series, ReadRange range, std::size_t kept = 0);
// Drops all but the newest `count`.
void keep_newest(Series& series, std::size_t count);

}  // namespace meterhouse

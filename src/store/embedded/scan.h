#pragma once

#include "store/embedded/live_set.h"
#include "store/readings.h"

namespace meterhouse {

// ReadingStore::scan and scan_totals over segments and heads: a merge by key of one cursor a segment and the heads'
// keys.
Status scan_readings(const LiveSet& live, KeyRange keys, ReadRange range, const ReadingStore::Visit& visit);
Status scan_register_totals(const LiveSet& live, KeyRange keys, ReadRange range, const ReadingStore::VisitTotal& visit);

}  // namespace meterhouse

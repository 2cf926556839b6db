#pragma once

#include <string>

#include "base/file_system.h"
#include "base/result.h"
#include "base/time.h"
#include "store/snapshot.h"

namespace meterhouse {

// The files of an embedded store that nobody has open, as a snapshot. The caller holds its lock for as long as the
// snapshot is read.
//   errors  not_found: no store there; corruption: of manifest or journal, which are read whole; io
Result<StoreSnapshot> snapshot_at_rest(FileSystem& files, const std::string& directory, Instant now);

}  // namespace meterhouse

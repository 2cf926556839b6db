#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/file_system.h"
#include "base/result.h"
#include "service/backup/store_id.h"
#include "store/snapshot.h"

namespace meterhouse {

// How far a directory of backups reaches in the frames of a store: the newest frame of each stream that a whole backup
// holds, and that was shipped. 0: none.
struct BackupReach {
  std::array<std::uint64_t, 2> backed_up = {};  // by FrameStream
  std::array<std::uint64_t, 2> shipped = {};
};

// What lies there of another store does not count. errors  io; unavailable: a newer program wrote there
Result<BackupReach> reach_of(FileSystem& files, const std::string& directory, const StoreId& store);

// Whether a store that opens with these frames goes on behind all that. One that does not is older than its backups: it
// would go on beside its own past, and give other frames the numbers of those that are there.
//   frames  by FrameStream
//   errors  conflict
Status check_goes_on(const std::string& directory, const BackupReach& reach, const std::array<FrameRange, 2>& frames);

}  // namespace meterhouse

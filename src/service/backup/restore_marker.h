#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/result.h"
#include "base/time.h"
#include "service/backup/store_id.h"

namespace meterhouse {

// The file RESTORING of a data directory that is being restored: what of, so that an interrupted restore goes on with
// the same. While it is there nobody opens the directory.
//   source  docs/formats/backup.md
inline constexpr const char* kRestoringFile = "RESTORING";

struct RestoreMarker {
  std::string backup;
  StoreId store;              // that was backed up
  std::optional<Instant> at;  // absent: everything there was
  StoreId becomes;            // the id of the restored store
  friend bool operator==(const RestoreMarker&, const RestoreMarker&) = default;
};

std::string encode_restore_marker(const RestoreMarker& marker);
// errors  corruption
Result<RestoreMarker> decode_restore_marker(std::string_view text);

// errors  unavailable: the directory is being restored, with what to do about it; io
Status refuse_while_restoring(FileSystem& files, const std::string& directory);

}  // namespace meterhouse

#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "service/backup/restore.h"

namespace meterhouse::cli {

// What a restored data directory still needs when all its files are there: RestorePlan's settle().
Status settle_restored(const RestorePlan& plan);

// What an ordinary user may still write there. errors  io
Result<std::uint64_t> free_bytes(const std::string& directory);

}  // namespace meterhouse::cli

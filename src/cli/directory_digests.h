#pragma once

#include <string>

#include "base/file_system.h"
#include "service/digests.h"

namespace meterhouse::cli {

// The digests of a data directory that nobody has open, as the server that opens it next will tell them. Reads
// everything and changes nothing; the caller holds the lock.
//   errors  not_found: no data directory; corruption: what is damaged; io
Result<Digests> digests_of_directory(FileSystem& files, const std::string& directory);

}  // namespace meterhouse::cli

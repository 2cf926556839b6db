#pragma once

#include <span>
#include <string>

#include "base/file_system.h"
#include "service/digests.h"

namespace meterhouse::cli {

// The digests of a data directory that nobody has open, as the server that opens it next will tell them. Reads
// everything and changes nothing; the caller holds the lock.
//   errors  not_found: no data directory; corruption: what is damaged; io
Result<Digests> digests_of_directory(FileSystem& files, const std::string& directory);

// Of the meters in a catalog that nobody has open, once these changes of the journal are applied.
//   errors  corruption: what is damaged; io
Result<Digest> digest_of_meters_in(const std::string& catalog, std::span<const std::string> changes);

}  // namespace meterhouse::cli

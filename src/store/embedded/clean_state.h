#pragma once

#include <string>

#include "base/file_system.h"
#include "base/result.h"
#include "store/embedded/manifest.h"

namespace meterhouse {

// Where a manifest says that everything is in its segments (a clean end, or none written yet), nothing may lie beside
// them that it does not know: no frame in the journal, no unnamed segment. Otherwise it is an older manifest put back,
// and going on from it would lose what was acknowledged since.
//   errors  corruption: names the file
Status check_nothing_beside(FileSystem& files, const std::string& journal_directory,
                            const std::string& segment_directory, const Manifest& manifest);

}  // namespace meterhouse

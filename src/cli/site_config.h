#pragma once

#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/result.h"
#include "model/site.h"

namespace meterhouse::cli {

// The site out of a configuration file: area_data (parallel lists Area and Region) or region_area_mapping (an object of
// region to list of areas), dwelling_data.DwellingType, and, where they are given, timezone and snap_seconds.
//   errors  invalid_argument: what is wrong and where; not_found: no such file
Result<Site> parse_site(std::string_view json);
Result<Site> read_site(FileSystem& files, const std::string& path);

}  // namespace meterhouse::cli

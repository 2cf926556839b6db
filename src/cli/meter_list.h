#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "service/registry.h"

namespace meterhouse::cli {

// A CSV list of meters: columns meter_id, region, area, dwelling_type and, where they are, serial and register_digits,
// in any order. errors  invalid_argument: names the line
Result<std::vector<NewMeter>> parse_meter_list(std::string_view text);
Result<std::vector<NewMeter>> read_meter_list(FileSystem& files, const std::string& path);

// "Central Region,Bishan,4-room": what a meter is registered with. errors invalid_argument.
struct Dwelling {
  std::string region;
  std::string area;
  std::string dwelling_type;
};
Result<Dwelling> parse_dwelling(std::string_view text);

}  // namespace meterhouse::cli

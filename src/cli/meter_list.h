#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "formats/reading_rows.h"
#include "service/registry.h"

namespace meterhouse::cli {

// What a list of meters says, and the lines that say nothing usable.
struct MeterList {
  std::vector<NewMeter> meters;
  std::vector<std::uint64_t> lines;  // of each meter
  std::vector<RowReject> rejects;    // in order
};

// A CSV list of meters: columns meter_id, region, area, dwelling_type and, where they are, serial and register_digits,
// in any order. errors  invalid_argument: the header lacks a column, or it is no text
Result<MeterList> parse_meter_list(std::string_view text);
Result<MeterList> read_meter_list(FileSystem& files, const std::string& path);

// "Central Region,Bishan,4-room": what a meter is registered with. errors invalid_argument.
struct Dwelling {
  std::string region;
  std::string area;
  std::string dwelling_type;
};
Result<Dwelling> parse_dwelling(std::string_view text);

}  // namespace meterhouse::cli

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "formats/reading_rows.h"
#include "store/readings.h"

namespace meterhouse::cli {

// What the subcommands that move readings have in common.

inline constexpr const char* kDefaultConfig = "config/meterhouse.json";

// The format of this name: "csv", "ndjson", "json" or "packed"; nullopt: another word, or none.
std::optional<ReadingFormat> format_named(std::string_view name);
// The same for a file to write: where no format is named it goes by the file's ending, and is CSV without a known one.
ReadingFormat output_format(std::string_view name, std::string_view file);

// "1 accepted, 0 duplicate, 0 conflict, 0 pending"
std::string counts_text(const AppendCounts& counts);
// The same as members of a JSON object: "accepted":1,"duplicate":0,"conflict":0,"pending":0
std::string counts_json(const AppendCounts& counts);

}  // namespace meterhouse::cli

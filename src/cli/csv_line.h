#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace meterhouse::cli {

// The fields of one CSV line (RFC 4180, quotes taken off, spaces around a field too). For headers and lists of meters;
// readings are read by formats/.
std::vector<std::string> csv_fields(std::string_view line);

// A field as it is written: in quotes where it holds a comma or a quote.
std::string csv_field(std::string_view text);

// Letters A to Z become small.
std::string lower_case(std::string_view text);

}  // namespace meterhouse::cli

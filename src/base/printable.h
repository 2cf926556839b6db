#pragma once

#include <string>
#include <string_view>

namespace meterhouse {

// Text from outside as a terminal can take it: control characters and bytes that are no UTF-8 become \xNN, but for tab
// and line feed. Longer text is cut at size_bytes_max of it and ends with "…". Printable text stays as it is.
std::string printable(std::string_view text, std::size_t size_bytes_max);

}  // namespace meterhouse

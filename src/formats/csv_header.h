#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace meterhouse {

// What is said of a CSV header that cannot be taken.

// "separated by ';'; commas are wanted" where another separator stands more often than commas do; nullopt: none does.
std::optional<std::string> other_separator(std::string_view header);

// "column 3, `registr` (register?), is not known": by its name where that is short text, and with the known name
// nearest to it where there is one.
std::string unknown_column(std::size_t number, std::string_view name);

}  // namespace meterhouse

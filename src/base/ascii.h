#pragma once

#include <string_view>

namespace meterhouse {

// Characters of ASCII, whatever the locale.

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Without the blanks, tabs and line ends at both sides.
constexpr std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

}  // namespace meterhouse

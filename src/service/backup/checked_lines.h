#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/content_hash.h"

namespace meterhouse {

// Small files of lines, the last of which is a checksum over those before it: `xxh3-128 <hex>`.
inline std::string with_checksum(const std::string& body) {
  return fmt::format("{}xxh3-128 {}\n", body, content_hash(body).hex());
}

// The rest of a line "word rest", taken from the front of the text; nullopt: another line.
inline std::optional<std::string_view> take_line(std::string_view& text, std::string_view word) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos || !text.substr(0, end).starts_with(word)) return std::nullopt;
  const auto rest = text.substr(word.size(), end - word.size());
  text.remove_prefix(end + 1);
  return rest;
}

}  // namespace meterhouse

#include "base/printable.h"

#include <algorithm>

#include "base/result.h"
#include "base/utf8.h"

namespace meterhouse {
namespace {

// How long the character is that text begins with; 0: it is a control character or no UTF-8.
std::size_t printable_length(std::string_view text) {
  const std::size_t length = utf8_length(text);
  const auto lead = static_cast<unsigned char>(text.front());
  if (length == 1) return (lead >= 0x20 && lead != 0x7F) || lead == '\t' || lead == '\n' ? 1 : 0;
  const bool control = length == 2 && lead == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0;
  return control ? 0 : length;
}

}  // namespace

std::string printable(std::string_view text, std::size_t size_bytes_max) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto length = printable_length(text.substr(at));
    if (at + std::max<std::size_t>(length, 1) > size_bytes_max) return out + "…";
    if (length == 0)
      out += fmt::format("\\x{:02X}", static_cast<unsigned char>(text[at]));
    else
      out += text.substr(at, length);
    at += std::max<std::size_t>(length, 1);
  }
  return out;
}

}  // namespace meterhouse

#include "cli/printable.h"

#include <algorithm>

#include "base/result.h"

namespace meterhouse::cli {
namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

std::size_t length_by_lead(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  return lead >= 0xF0 && lead < 0xF5 ? 4 : 0;
}

// How long the character is that text begins with; 0: it is a control character or no UTF-8.
std::size_t printable_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = length_by_lead(lead);
  if (length == 0 || length > text.size()) return 0;
  if (length == 1) return (lead >= 0x20 && lead != 0x7F) || lead == '\t' || lead == '\n' ? 1 : 0;
  for (std::size_t i = 1; i < length; ++i)
    if (!is_continuation(text[i])) return 0;
  const auto second = static_cast<unsigned char>(text[1]);
  const bool control = lead == 0xC2 && second < 0xA0;
  const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool no_character = (lead == 0xED && second >= 0xA0) || (lead == 0xF4 && second >= 0x90);
  return control || overlong || no_character ? 0 : length;
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

}  // namespace meterhouse::cli

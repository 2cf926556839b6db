#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace meterhouse {

// UTF-8 as RFC 3629 has it: shortest forms, no surrogates, nothing past U+10FFFF.

// How many bytes the character at the front takes; 0: there is none, or it is no UTF-8.
std::size_t utf8_length(std::string_view text);

// The offset of the first byte that is not UTF-8; nullopt: all is.
std::optional<std::size_t> first_not_utf8(std::string_view text);

}  // namespace meterhouse

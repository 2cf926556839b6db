#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace meterhouse {

// The least number of characters to change, add or take away (Levenshtein); capitals count as small letters. Takes
// a.size() * b.size() steps.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The known word that a mistyped one was most likely meant to be; nullopt: none is near, at most a third of it differs.
std::optional<std::string_view> nearest_word(std::string_view word, std::span<const std::string_view> known);

}  // namespace meterhouse

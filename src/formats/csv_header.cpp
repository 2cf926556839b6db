#include "formats/csv_header.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/nearest.h"
#include "base/utf8.h"

namespace meterhouse {
namespace {

constexpr std::string_view kKnownColumns[] = {"meter_id", "at", "timestamp", "register", "reading", "channel"};
constexpr std::size_t kNameBytesShown = 60;

bool can_be_shown(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytesShown && !first_not_utf8(name) &&
         std::ranges::none_of(name, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7F; });
}

}  // namespace

std::optional<std::string> other_separator(std::string_view header) {
  const auto commas = std::ranges::count(header, ',');
  struct Separator {
    char byte;
    std::string_view words;
  };
  for (const auto [byte, words] : {Separator{';', "';'"}, Separator{'\t', "tabs"}, Separator{'|', "'|'"}})
    if (std::ranges::count(header, byte) > commas) return fmt::format("separated by {}; commas are wanted", words);
  return std::nullopt;
}

std::string unknown_column(std::size_t number, std::string_view name) {
  if (!can_be_shown(name)) return fmt::format("column {} is not known", number);
  const auto nearest = nearest_word(name, kKnownColumns);
  return fmt::format("column {}, `{}`{}, is not known", number, name,
                     nearest ? fmt::format(" ({}?)", *nearest) : std::string{});
}

}  // namespace meterhouse

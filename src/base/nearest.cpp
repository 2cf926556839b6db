#include "base/nearest.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace meterhouse {
namespace {

constexpr std::size_t kLongestWord = 100;

char small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (small(a[i]) == small(b[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

std::optional<std::string_view> nearest_word(std::string_view word, std::span<const std::string_view> known) {
  if (known.empty() || word.size() > kLongestWord) return std::nullopt;
  const auto far = [word](std::string_view one) { return edit_distance(word, one); };
  const auto nearest = std::ranges::min_element(known, {}, far);
  if (far(*nearest) > std::max<std::size_t>(1, word.size() / 3)) return std::nullopt;
  return *nearest;
}

}  // namespace meterhouse

#include "model/series.h"

#include "base/check.h"

namespace meterhouse {

void Series::push_back(Instant instant, MilliWattHours value, ReadingFlags flag) {
  MH_CHECK(at.empty() || at.back() < instant);
  if (!flag.normal() && flags.empty()) flags.resize(at.size());
  at.push_back(instant);
  registers.push_back(value);
  if (!flags.empty() || !flag.normal()) flags.push_back(flag);
}

void Series::clear() {
  at.clear();
  registers.clear();
  flags.clear();
}

void Series::reserve(std::size_t count) {
  at.reserve(count);
  registers.reserve(count);
}

bool operator==(const Series& a, const Series& b) {
  if (a.at != b.at || a.registers != b.registers) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a.flags_at(i) != b.flags_at(i)) return false;
  return true;
}

SeriesView SeriesView::subview(std::size_t from, std::size_t count) const {
  SeriesView part;
  part.at = at.subspan(from, count);
  part.registers = registers.subspan(from, count);
  if (!flags.empty()) part.flags = flags.subspan(from, count);
  return part;
}

Series SeriesView::copy() const {
  Series series;
  series.at.assign(at.begin(), at.end());
  series.registers.assign(registers.begin(), registers.end());
  series.flags.assign(flags.begin(), flags.end());
  return series;
}

Series merge(const Series& first, const Series& second) {
  if (second.empty()) return first;
  if (first.empty()) return second;
  Series merged;
  merged.reserve(first.size() + second.size());
  std::size_t i = 0;
  std::size_t k = 0;
  while (i < first.size() || k < second.size()) {
    if (k == second.size() || (i < first.size() && first.at[i] <= second.at[k])) {
      if (k < second.size() && first.at[i] == second.at[k]) ++k;
      merged.push_back(first.at[i], first.registers[i], first.flags_at(i));
      ++i;
    } else {
      merged.push_back(second.at[k], second.registers[k], second.flags_at(k));
      ++k;
    }
  }
  return merged;
}

}  // namespace meterhouse

#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "model/reading.h"

namespace meterhouse {

// Readings of one channel, strictly ascending by instant. Columns, because scans go through millions of them.
class Series {
 public:
  std::vector<Instant> at;
  std::vector<MilliWattHours> registers;
  std::vector<ReadingFlags> flags;  // empty: all normal; else one a reading

  std::size_t size() const { return at.size(); }
  bool empty() const { return at.empty(); }
  ReadingFlags flags_at(std::size_t index) const { return flags.empty() ? ReadingFlags{} : flags[index]; }

  // `instant` later than the last one (MH_CHECK)
  void push_back(Instant instant, MilliWattHours value, ReadingFlags flag = {});
  void clear();
  void reserve(std::size_t count);
  friend bool operator==(const Series& a, const Series& b);  // flags compare by meaning: empty equals all normal
};

// Columns of a Series that lies elsewhere, or of a part of it; valid as long as that is.
class SeriesView {
 public:
  std::span<const Instant> at;
  std::span<const MilliWattHours> registers;
  std::span<const ReadingFlags> flags;  // empty: all normal; else one a reading

  SeriesView() = default;
  SeriesView(const Series& series)  // implicit: a Series goes wherever a look at one is wanted
      : at(series.at), registers(series.registers), flags(series.flags) {}

  std::size_t size() const { return at.size(); }
  bool empty() const { return at.empty(); }
  ReadingFlags flags_at(std::size_t index) const { return flags.empty() ? ReadingFlags{} : flags[index]; }
  SeriesView subview(std::size_t from, std::size_t count) const;
  Series copy() const;
};

// The union of two series; where both have an instant, `first` wins.
Series merge(const Series& first, const Series& second);

}  // namespace meterhouse

#include "store/embedded/series_edit.h"

#include <algorithm>

namespace meterhouse {
namespace {

template <class T>
void append(std::vector<T>& column, const std::vector<T>& more) {
  // Not insert(): it copies numbers that are wrapped in a class one at a time.
  const std::size_t size = column.size();
  column.resize(size + more.size());
  std::ranges::copy(more, column.begin() + static_cast<std::ptrdiff_t>(size));
}

// Leaves the first `kept` readings and [first, last).
void keep(Series& series, std::size_t kept, std::size_t first, std::size_t last) {
  const auto cut = [=](auto& column) {
    column.erase(column.begin() + static_cast<std::ptrdiff_t>(last), column.end());
    column.erase(column.begin() + static_cast<std::ptrdiff_t>(kept),
                 column.begin() + static_cast<std::ptrdiff_t>(first));
  };
  cut(series.at);
  cut(series.registers);
  if (!series.flags.empty()) cut(series.flags);
}

}  // namespace

void merge_into(Series& out, const Series& later) {
  if (later.empty()) return;
  if (out.empty()) {
    out = later;
    return;
  }
  if (out.at.back() >= later.at.front()) {
    out = merge(out, later);
    return;
  }
  if (!out.flags.empty() || !later.flags.empty()) {
    out.flags.resize(out.size());
    if (later.flags.empty())
      out.flags.resize(out.size() + later.size());
    else
      append(out.flags, later.flags);
  }
  append(out.at, later.at);
  append(out.registers, later.registers);
}

Series part(const Series& series, ReadRange range) {
  const auto from = std::ranges::lower_bound(series.at, range.from);
  const auto to = std::ranges::upper_bound(from, series.at.end(), range.to);
  return SeriesView{series}
      .subview(static_cast<std::size_t>(from - series.at.begin()), static_cast<std::size_t>(to - from))
      .copy();
}

void clip(Series& series, ReadRange range, std::size_t kept) {
  const auto begin = series.at.begin() + static_cast<std::ptrdiff_t>(kept);
  const auto from = std::lower_bound(begin, series.at.end(), range.from);
  const auto to = std::upper_bound(from, series.at.end(), range.to);
  keep(series, kept, static_cast<std::size_t>(from - series.at.begin()),
       static_cast<std::size_t>(to - series.at.begin()));
}

void keep_newest(Series& series, std::size_t count) {
  if (series.size() > count) keep(series, 0, series.size() - count, series.size());
}

}  // namespace meterhouse

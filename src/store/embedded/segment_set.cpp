#include "store/embedded/segment_set.h"

#include <algorithm>

#include "base/check.h"

namespace meterhouse {

bool is_named_by(const SegmentEntry& entry, const SegmentInfo& info) {
  return info.size_bytes == entry.size_bytes && info.readings == entry.readings &&
         info.first_fold == entry.first_fold && info.last_fold == entry.last_fold && info.start == entry.month.from &&
         info.end == entry.month.to;
}

SegmentSet::SegmentSet(std::vector<LiveSegment> segments) : segments_(std::move(segments)) {
  std::ranges::sort(segments_, [](const LiveSegment& a, const LiveSegment& b) {
    return std::pair{a.entry.month.from, a.entry.first_fold} < std::pair{b.entry.month.from, b.entry.first_fold};
  });
}

Result<std::shared_ptr<const SegmentSet>> SegmentSet::open(FileSystem& files, const std::string& directory,
                                                           const std::vector<SegmentEntry>& entries) {
  std::vector<LiveSegment> live;
  for (const SegmentEntry& entry : entries) {
    const std::string path = directory + "/" + entry.name;
    auto segment = Segment::open(files, path);
    if (!segment) {
      if (segment.error().code != Errc::not_found) return segment.error();
      return Error{Errc::corruption, fmt::format("{}: the manifest names it, but it is missing", path)};
    }
    if (!is_named_by(entry, (*segment)->info()))
      return Error{Errc::corruption, fmt::format("{}: offset 0: not the segment that the manifest names", path)};
    live.push_back({entry, std::move(*segment)});
  }
  return std::make_shared<const SegmentSet>(std::move(live));
}

Status SegmentSet::read(SeriesKey key, ReadRange range, Series& out) const {
  out.clear();
  Series piece;
  for (const LiveSegment& live : segments_) {
    const SegmentInfo& info = live.segment->info();
    if (info.blocks == 0 || info.newest < range.from || info.oldest > range.to) continue;
    if (auto done = live.segment->read(key, range, piece); !done) return done.error();
    merge_into(out, piece);
  }
  return {};
}

Status SegmentSet::newest(SeriesKey key, Instant limit, std::size_t count, Series& out) const {
  out.clear();
  // From the newest month back; the segments of one month overlap, so all of them are asked.
  for (auto last = segments_.end(); last != segments_.begin() && out.size() < count;) {
    auto first = last - 1;
    while (first != segments_.begin() && (first - 1)->entry.month.from == first->entry.month.from) --first;
    Series month;
    Series piece;
    for (auto live = first; live != last; ++live) {
      if (live->segment->info().blocks == 0 || live->segment->info().oldest > limit) continue;
      if (auto done = live->segment->read(key, {kFirstInstant, limit}, piece); !done) return done.error();
      merge_into(month, piece);
    }
    merge_into(month, out);
    std::swap(out, month);
    last = first;
  }
  keep_newest(out, count);
  return {};
}

Status SegmentSet::oldest(SeriesKey key, Instant limit, Series& out) const {
  out.clear();
  Series piece;
  for (auto live = segments_.begin(); live != segments_.end(); ++live) {
    if (!out.empty() && live->entry.month.from != (live - 1)->entry.month.from) break;
    if (live->segment->info().blocks == 0 || live->segment->info().newest < limit) continue;
    if (auto done = live->segment->read(key, {limit, kLastInstant}, piece); !done) return done.error();
    merge_into(out, piece);
  }
  if (out.size() > 1) clip(out, {out.at.front(), out.at.front()});
  return {};
}

Result<std::optional<Instant>> SegmentSet::newest_instant(SeriesKey key) const {
  std::optional<Instant> newest;
  for (auto live = segments_.rbegin(); live != segments_.rend(); ++live) {
    if (newest && live->entry.month.to < *newest) break;  // a month before the one where it was found
    if (live->segment->info().blocks == 0) continue;
    const auto summary = live->segment->summary(key);
    if (!summary) return summary.error();
    if (*summary && (!newest || (*summary)->last > *newest)) newest = (*summary)->last;
  }
  return newest;
}

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
      out.flags.insert(out.flags.end(), later.flags.begin(), later.flags.end());
  }
  out.at.insert(out.at.end(), later.at.begin(), later.at.end());
  out.registers.insert(out.registers.end(), later.registers.begin(), later.registers.end());
}

namespace {

void keep(Series& series, std::size_t first, std::size_t last) {
  const auto cut = [first, last](auto& column) {
    column.erase(column.begin() + static_cast<std::ptrdiff_t>(last), column.end());
    column.erase(column.begin(), column.begin() + static_cast<std::ptrdiff_t>(first));
  };
  cut(series.at);
  cut(series.registers);
  if (!series.flags.empty()) cut(series.flags);
}

}  // namespace

void clip(Series& series, ReadRange range) {
  const auto from = std::ranges::lower_bound(series.at, range.from);
  const auto to = std::ranges::upper_bound(from, series.at.end(), range.to);
  keep(series, static_cast<std::size_t>(from - series.at.begin()), static_cast<std::size_t>(to - series.at.begin()));
}

void keep_newest(Series& series, std::size_t count) {
  if (series.size() > count) keep(series, series.size() - count, series.size());
}

}  // namespace meterhouse

#include "store/embedded/segment_set.h"

#include <algorithm>

#include "store/embedded/segment_finder.h"
#include "store/embedded/series_edit.h"

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

Status SegmentSet::read_into(SeriesKey key, ReadRange range, std::size_t most, Series& out) const {
  const auto touches = [&](const LiveSegment& live) {
    const SegmentInfo& info = live.segment->info();
    return info.blocks > 0 && info.newest >= range.from && info.oldest <= range.to;
  };
  auto left = static_cast<std::size_t>(std::ranges::count_if(segments_, touches));
  for (const LiveSegment& live : segments_) {
    if (!touches(live)) continue;
    const std::size_t before = out.size();
    if (auto done = live.segment->read_into(key, range, out); !done) return done.error();
    if (out.size() > most) return too_many_readings(key, most);
    // Months are about as long as one another: one allocation for all that follow.
    if (--left > 0 && out.size() > before) out.reserve(out.size() + left * (out.size() - before) * 11 / 10);
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

namespace {

// Of one channel's places, those that the block may hold.
Status find_in_block(const SegmentFinder& finder, std::span<SoughtPlace> places, Series& block) {
  const BlockSummary& summary = finder.header().summary;
  const SoughtPlace* last = nullptr;
  for (const SoughtPlace& place : places)
    if (!place.stands && place.at >= summary.first && place.at <= summary.last) last = &place;
  if (last == nullptr) return {};
  const std::size_t count = front_until(finder.header(), last->at);
  block.clear();
  block.at.resize(count);
  block.registers.resize(count);
  if (auto done = finder.decode_front(count, block, 0); !done) return done;
  for (SoughtPlace& place : places) {
    if (place.stands) continue;
    const auto found = std::ranges::lower_bound(block.at, place.at);
    if (found != block.at.end() && *found == place.at)
      place.stands = block.registers[static_cast<std::size_t>(found - block.at.begin())];
  }
  return {};
}

Status find_in_segment(const Segment& segment, std::span<SoughtPlace> places) {
  SegmentFinder finder{segment};
  Series block;
  Status result;
  const SegmentInfo& info = segment.info();
  for (auto begin = places.begin(); begin != places.end();) {
    const auto end = std::find_if(begin, places.end(), [&](const SoughtPlace& p) { return p.key != begin->key; });
    const std::span channel{begin, end};
    begin = end;
    const auto first = std::ranges::lower_bound(channel, info.oldest, {}, &SoughtPlace::at);
    if (first == channel.end() || first->at > info.newest) continue;
    const auto found = finder.find(channel.front().key);
    Status done = found ? Status{} : Status{found.error()};
    if (found && *found) done = find_in_block(finder, channel, block);
    if (!done && result) result = done;
  }
  return result;
}

}  // namespace

Status SegmentSet::find(std::span<SoughtPlace> places) const {
  if (places.empty()) return {};
  const auto [oldest, newest] = std::ranges::minmax(places, {}, &SoughtPlace::at);
  Status result;
  for (const LiveSegment& live : segments_) {
    const SegmentInfo& info = live.segment->info();
    if (info.blocks == 0 || info.newest < oldest.at || info.oldest > newest.at) continue;
    if (auto done = find_in_segment(*live.segment, places); !done && result) result = done;
  }
  return result;
}

// From the newest month back, until each channel was found in one.
Status SegmentSet::find_newest(std::span<SoughtNewest> channels) const {
  Status result;
  std::size_t left = channels.size();
  for (auto live = segments_.rbegin(); live != segments_.rend() && left > 0; ++live) {
    if (live->segment->info().blocks == 0) continue;
    SegmentFinder finder{*live->segment};
    left = 0;
    for (SoughtNewest& channel : channels) {
      if (channel.newest && live->entry.month.to < *channel.newest) continue;  // of a month before
      ++left;
      const auto found = finder.find(channel.key);
      if (!found) {
        if (result) result = found.error();
        channel.newest = kLastInstant;
      } else if (*found) {
        channel.newest = std::max(channel.newest.value_or(kFirstInstant), finder.header().summary.last);
      }
    }
  }
  return result;
}

}  // namespace meterhouse

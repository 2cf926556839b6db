#include "store/embedded/scan.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace meterhouse {
namespace {

// The segments' blocks and the heads' channels side by side, key by key.
class KeyWalk {
 public:
  KeyWalk(const LiveSet& live, const LiveView& view, KeyRange keys, ReadRange range)
      : head_keys_(live.head_keys(view, keys)) {
    for (const LiveSegment& segment : view.segments->all()) {
      const SegmentInfo& info = segment.segment->info();
      if (info.blocks == 0 || info.newest < range.from || info.oldest > range.to) continue;
      cursors_.push_back({SegmentCursor{segment.segment, keys}, false});
    }
  }

  Status start() {
    for (Source& source : cursors_)
      if (auto done = advance(source); !done) return done.error();
    return {};
  }

  // To the next key; false: none left.
  Result<bool> next() {
    if (key_) {
      for (Source* source : having_)
        if (auto done = advance(*source); !done) return done.error();
      if (in_head_) ++head_at_;
    }
    key_.reset();
    if (head_at_ < head_keys_.size()) key_ = head_keys_[head_at_];
    for (const Source& source : cursors_)
      if (source.more && (!key_ || source.cursor.summary().key < *key_)) key_ = source.cursor.summary().key;
    having_.clear();
    if (!key_) return false;
    for (Source& source : cursors_)
      if (source.more && source.cursor.summary().key == *key_) having_.push_back(&source);
    in_head_ = head_at_ < head_keys_.size() && head_keys_[head_at_] == *key_;
    return true;
  }

  struct Source {
    SegmentCursor cursor;
    bool more;
  };

  SeriesKey key() const { return *key_; }
  bool in_head() const { return in_head_; }
  const std::vector<Source*>& having() const { return having_; }  // by month, then fold

 private:
  static Status advance(Source& source) {
    const auto more = source.cursor.next();
    if (!more) return more.error();
    source.more = *more;
    return {};
  }

  std::vector<SeriesKey> head_keys_;
  std::size_t head_at_ = 0;
  std::vector<Source> cursors_;
  std::vector<Source*> having_;
  std::optional<SeriesKey> key_;
  bool in_head_ = false;
};

bool outside(const BlockSummary& block, ReadRange range) { return block.last < range.from || block.first > range.to; }

// The readings of the walk's channel within the range into `out`. `piece` is scratch.
Status gather(const KeyWalk& walk, const LiveSet& live, const LiveView& view, ReadRange range, Series& out,
              Series& piece) {
  bool any = false;
  for (const KeyWalk::Source* source : walk.having()) {
    const BlockSummary& block = source->cursor.summary();
    if (outside(block, range)) continue;
    const bool first = !std::exchange(any, true);
    if (first || out.empty() || out.at.back() < block.first) {  // nearly always: a month after the one before
      if (auto done = first ? source->cursor.decode(out) : source->cursor.decode_behind(out); !done)
        return done.error();
      if (block.first < range.from || block.last > range.to) clip(out, range);
      continue;
    }
    if (auto done = source->cursor.decode(piece); !done) return done.error();
    if (block.first < range.from || block.last > range.to) clip(piece, range);
    merge_into(out, piece);
  }
  if (!any) out.clear();
  if (walk.in_head()) merge_into(out, live.head_readings(view, walk.key(), range));
  return {};
}

// The difference of the register over the range from block headers alone: blocks one behind the other, none going
// backwards, one edge of theirs on each end of the range.
std::optional<MilliWattHours> total_from_headers(const std::vector<KeyWalk::Source*>& blocks, ReadRange range) {
  std::optional<MilliWattHours> start;
  std::optional<MilliWattHours> end;
  std::optional<MilliWattHours> newest;
  Instant reached = kFirstInstant;
  for (const KeyWalk::Source* source : blocks) {
    const BlockSummary& block = source->cursor.summary();
    if (outside(block, range)) continue;
    if (!block.monotone || (newest && (block.first <= reached || block.first_register < *newest))) return std::nullopt;
    if (!start && block.before && block.before->at == range.from) start = block.before->register_value;
    if (block.first == range.from) start = block.first_register;
    if (block.last == range.from) start = block.last_register;
    if (block.first == range.to) end = block.first_register;
    if (block.last == range.to) end = block.last_register;
    newest = block.last_register;
    reached = block.last;
  }
  if (!start || !end || *end < *start) return std::nullopt;
  return *end - *start;
}

}  // namespace

Status scan_readings(const LiveSet& live, KeyRange keys, ReadRange range, const ReadingStore::Visit& visit) {
  if (range.from > range.to) return {};
  const LiveView view = live.view();
  KeyWalk walk{live, view, keys, range};
  if (auto done = walk.start(); !done) return done.error();
  Series series;
  Series piece;
  for (;;) {
    const auto more = walk.next();
    if (!more) return more.error();
    if (!*more) return {};
    if (auto done = gather(walk, live, view, range, series, piece); !done) return done.error();
    if (series.empty()) continue;
    if (auto done = visit(walk.key(), series); !done) return done.error();
  }
}

Status scan_register_totals(const LiveSet& live, KeyRange keys, ReadRange range,
                            const ReadingStore::VisitTotal& visit) {
  if (range.from > range.to) return {};
  const LiveView view = live.view();
  KeyWalk walk{live, view, keys, range};
  if (auto done = walk.start(); !done) return done.error();
  for (;;) {
    const auto more = walk.next();
    if (!more) return more.error();
    if (!*more) return {};
    bool any = false;
    for (const KeyWalk::Source* source : walk.having()) any = any || !outside(source->cursor.summary(), range);
    const bool in_head = walk.in_head() && !live.head_readings(view, walk.key(), range).empty();
    if (!any && !in_head) continue;
    const auto total = in_head ? std::nullopt : total_from_headers(walk.having(), range);
    if (auto done = visit(walk.key(), total); !done) return done.error();
  }
}

}  // namespace meterhouse

#include "store/embedded/scan.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "store/embedded/segment_walk.h"
#include "store/embedded/series_edit.h"

namespace meterhouse {
namespace {

using Blocks = std::vector<SegmentCursor*>;  // of one channel, by month, then fold

// The segments' blocks and the heads' channels side by side, key by key.
class KeyWalk {
 public:
  KeyWalk(const LiveSnapshot& snapshot, KeyRange keys, ReadRange range) : heads_(snapshot.head_channels()) {
    for (const LiveSegment& segment : snapshot.segments().all()) {
      const SegmentInfo& info = segment.segment->info();
      if (info.blocks == 0 || info.newest < range.from || info.oldest > range.to) continue;
      segments_.add(SegmentCursor{segment.segment, keys});
    }
  }

  Status start() { return segments_.start(); }

  // To the next key; false: none left.
  Result<bool> next() {
    if (auto done = segments_.pass(); !done) return done.error();
    if (in_head_) ++head_at_;
    in_head_ = false;
    auto key = segments_.key();
    if (head_at_ < heads_.size() && (!key || heads_[head_at_].key <= *key)) {
      key = heads_[head_at_].key;
      in_head_ = true;
    }
    if (!key) return false;
    key_ = *key;
    blocks_ = &segments_.select(*key);
    return true;
  }

  // Legal after next() answered true.
  SeriesKey key() const { return *key_; }
  // Null: the heads have no reading of it.
  const LiveSnapshot::Channel* in_heads() const { return in_head_ ? &heads_[head_at_] : nullptr; }
  const Blocks& blocks() const { return *blocks_; }

 private:
  const std::vector<LiveSnapshot::Channel>& heads_;
  std::size_t head_at_ = 0;
  SegmentWalk segments_;
  const Blocks* blocks_ = nullptr;
  std::optional<SeriesKey> key_;
  bool in_head_ = false;
};

bool outside(const BlockSummary& block, ReadRange range) { return block.last < range.from || block.first > range.to; }

// Puts the readings of one channel after another together, in columns that are used again.
class Gatherer {
 public:
  Gatherer(const LiveSnapshot& snapshot, ReadRange range) : snapshot_(snapshot), range_(range) {}

  // The readings of the walk's channel within the range; valid until the next call.
  Result<SeriesView> gather(const KeyWalk& walk) {
    in_range_.clear();
    bool in_order = true;  // nearly always: a month after the one before, and nothing late
    for (const SegmentCursor* cursor : walk.blocks()) {
      const BlockSummary& block = cursor->summary();
      if (outside(block, range_)) continue;
      in_order = in_order && (in_range_.empty() || in_range_.back()->summary().last < block.first);
      in_range_.push_back(cursor);
    }
    Series head;
    if (const auto* const channel = walk.in_heads()) head = snapshot_.head_readings(*channel, range_);
    in_order = in_order && (head.empty() || in_range_.empty() || in_range_.back()->summary().last < head.at.front());
    return in_order ? in_place(head) : merged(head);
  }

 private:
  // Instants of a regular block at these rows of rows_.at, from some channel before.
  struct Standing {
    std::size_t row;
    Instant first;
    Seconds step;
    std::size_t count;
    friend bool operator==(const Standing&, const Standing&) = default;
  };

  Result<SeriesView> in_place(const Series& head) {
    rows_.flags.clear();
    std::size_t row = 0;
    for (std::size_t i = 0; i < in_range_.size(); ++i) {
      const SegmentCursor& cursor = *in_range_[i];
      const BlockSummary& block = cursor.summary();
      const Standing wanted{row, block.first, block.step, cursor.front_until(range_.to)};
      make_rows(row + wanted.count);
      const bool stands = i < standing_.size() && standing_[i] == wanted && block.step.count() > 0;
      if (!stands) standing_.resize(std::min(standing_.size(), i));
      if (auto done = cursor.decode_front(wanted.count, stands ? Instants::stand_there : Instants::write, rows_, row);
          !done)
        return done.error();
      if (!stands) standing_.push_back(wanted);
      row += wanted.count;
    }
    if (!head.empty()) {
      make_rows(row + head.size());
      standing_.resize(std::min(standing_.size(), in_range_.size()));
      std::ranges::copy(head.at, rows_.at.begin() + static_cast<std::ptrdiff_t>(row));
      std::ranges::copy(head.registers, rows_.registers.begin() + static_cast<std::ptrdiff_t>(row));
      if (!rows_.flags.empty() || !head.flags.empty()) {
        rows_.flags.resize(row);
        for (std::size_t i = 0; i < head.size(); ++i) rows_.flags.push_back(head.flags_at(i));
      }
      row += head.size();
    }
    return within_range(SeriesView{rows_}.subview(0, row));
  }

  // Columns never shrink: a resize clears what it adds, and that would be every row once more.
  void make_rows(std::size_t count) {
    if (rows_.at.size() >= count) return;
    rows_.at.resize(count);
    rows_.registers.resize(count);
  }

  Result<SeriesView> merged(const Series& head) {
    merged_.clear();
    for (const SegmentCursor* cursor : in_range_) {
      if (auto done = cursor->decode(piece_); !done) return done.error();
      merge_into(merged_, piece_);
    }
    merge_into(merged_, head);
    return within_range(merged_);
  }

  SeriesView within_range(const SeriesView& all) const {
    if (all.empty() || (all.at.front() >= range_.from && all.at.back() <= range_.to)) return all;
    const auto from = std::ranges::lower_bound(all.at, range_.from) - all.at.begin();
    const auto to = std::ranges::upper_bound(all.at, range_.to) - all.at.begin();
    return all.subview(static_cast<std::size_t>(from), static_cast<std::size_t>(std::max(from, to) - from));
  }

  const LiveSnapshot& snapshot_;
  ReadRange range_;
  std::vector<const SegmentCursor*> in_range_;  // by month, then fold
  Series rows_;
  std::vector<Standing> standing_;
  Series merged_;
  Series piece_;
};

// The difference of the register over the range from block headers alone: blocks one behind the other, none going
// backwards, one edge of theirs on each end of the range.
std::optional<MilliWattHours> total_from_headers(const Blocks& blocks, ReadRange range) {
  std::optional<MilliWattHours> start;
  std::optional<MilliWattHours> end;
  std::optional<MilliWattHours> newest;
  Instant reached = kFirstInstant;
  for (const SegmentCursor* cursor : blocks) {
    const BlockSummary& block = cursor->summary();
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
  const LiveSnapshot snapshot{live, keys};
  KeyWalk walk{snapshot, keys, range};
  if (auto done = walk.start(); !done) return done.error();
  Gatherer gatherer{snapshot, range};
  for (;;) {
    const auto more = walk.next();
    if (!more) return more.error();
    if (!*more) return {};
    const auto series = gatherer.gather(walk);
    if (!series) return series.error();
    if (series->empty()) continue;
    if (auto done = visit(walk.key(), *series); !done) return done.error();
  }
}

Status scan_register_totals(const LiveSet& live, KeyRange keys, ReadRange range,
                            const ReadingStore::VisitTotal& visit) {
  if (range.from > range.to) return {};
  const LiveSnapshot snapshot{live, keys};
  KeyWalk walk{snapshot, keys, range};
  if (auto done = walk.start(); !done) return done.error();
  for (;;) {
    const auto more = walk.next();
    if (!more) return more.error();
    if (!*more) return {};
    bool any = false;
    for (const SegmentCursor* cursor : walk.blocks()) any = any || !outside(cursor->summary(), range);
    const auto* const channel = walk.in_heads();
    const bool in_head = channel != nullptr && !snapshot.head_readings(*channel, range).empty();
    if (!any && !in_head) continue;
    const auto total = in_head ? std::nullopt : total_from_headers(walk.blocks(), range);
    if (auto done = visit(walk.key(), total); !done) return done.error();
  }
}

}  // namespace meterhouse

#include "store/embedded/segment_finder.h"

#include <algorithm>

namespace meterhouse {

Result<bool> SegmentFinder::find(SeriesKey key) {
  const auto& keys = segment_.index_.keys;
  const auto behind = std::ranges::upper_bound(keys, key.packed());
  if (behind == keys.begin()) return false;
  const auto group = static_cast<std::size_t>(behind - keys.begin()) - 1;
  if (group != group_) {
    group_ = kNoGroup;
    at_ = next_ = 0;
    if (auto done = segment_.read_group(group, bytes_); !done) return done.error();
    group_ = group;
  }
  if (next_ > at_ && header_.summary.key >= key) return header_.summary.key == key;
  while (next_ < bytes_.size) {
    at_ = next_;
    if (auto done = read_header(); !done) {
      auto error = segment_.damaged(offset(), done.error());
      group_ = kNoGroup;  // is read again where somebody asks again
      return error;
    }
    next_ = at_ + header_.summary.size_bytes;
    if (header_.summary.key >= key) return header_.summary.key == key;
  }
  return false;
}

Status SegmentFinder::read_header() {
  if (auto done = read_block_header(block(), header_); !done) return done;
  const BlockSummary& summary = header_.summary;
  if (summary.size_bytes > block().size()) return damaged_block(summary.key, "reaches into the next group");
  if (at_ == 0 && summary.key.packed() != segment_.index_.keys[group_])
    return damaged_block(summary.key, "the index names another meter here");
  return {};
}

Status SegmentFinder::decode_front(std::size_t count, Series& out, std::size_t row) const {
  if (auto done = meterhouse::decode_front(header_, block(), count, Instants::write, out, row); !done)
    return segment_.damaged(offset(), done.error());
  return {};
}

Status SegmentFinder::decode(Series& out) const {
  if (auto done = decode_readings(header_, block(), out); !done) return segment_.damaged(offset(), done.error());
  return {};
}

}  // namespace meterhouse

#include <algorithm>
#include <cstring>

#include "store/embedded/segment.h"
#include "store/embedded/segment_format.h"

namespace meterhouse {

SegmentCursor::SegmentCursor(std::shared_ptr<const Segment> segment, KeyRange keys, std::size_t read_ahead_bytes)
    : segment_(std::move(segment)), keys_(keys), read_ahead_(read_ahead_bytes) {
  const SegmentIndex& index = segment_->index_;
  end_ = index.blocks_end;
  if (index.keys.empty() || keys.first > keys.last) {
    next_position_ = end_;
    return;
  }
  // The group before the first one past the key may hold it; blocks in front of it are skipped by next().
  const auto first = std::ranges::upper_bound(index.keys, keys.first) - index.keys.begin();
  next_group_ = first == 0 ? 0 : static_cast<std::size_t>(first) - 1;
  next_position_ = index.offsets[next_group_];
  const auto behind = static_cast<std::size_t>(std::ranges::upper_bound(index.keys, keys.last) - index.keys.begin());
  if (behind < index.offsets.size()) end_ = std::max(next_position_, index.offsets[behind]);
}

Result<bool> SegmentCursor::next() {
  for (;;) {
    auto more = advance();
    if (!more || !*more || summary().key.packed() > keys_.last) {
      next_position_ = end_;
      if (more && *more) return false;
      return more;
    }
    if (summary().key.packed() >= keys_.first) return true;
  }
}

Result<bool> SegmentCursor::advance() {
  position_ = next_position_;
  if (position_ >= end_) return false;
  const auto left = end_ - position_;
  if (auto filled = fill(static_cast<std::size_t>(std::min<std::uint64_t>(kMaxBlockHeaderSize, left))); !filled)
    return filled.error();
  if (auto read = read_block_header(bytes_at_position(), header_); !read)
    return segment_->damaged(position_, read.error());
  const BlockSummary& summary = header_.summary;
  if (auto ordered = check_order(summary.key); !ordered) return segment_->damaged(position_, ordered.error());
  if (summary.size_bytes > left)
    return segment_->damaged(position_, damaged_block(summary.key, "reaches past the last block"));
  if (auto filled = fill(summary.size_bytes); !filled) return filled.error();
  next_position_ = position_ + summary.size_bytes;
  return true;
}

// Keys ascend, and the groups begin where the index says with the keys it says.
Status SegmentCursor::check_order(SeriesKey key) {
  const SegmentIndex& index = segment_->index_;
  if (last_key_ && *last_key_ >= key.packed()) return damaged_block(key, "is not in the order of the meters");
  last_key_ = key.packed();
  if (next_group_ == index.offsets.size() || position_ < index.offsets[next_group_]) return {};
  if (position_ != index.offsets[next_group_] || key.packed() != index.keys[next_group_])
    return damaged_block(key, "the index names another place or meter");
  ++next_group_;
  return {};
}

std::span<const std::byte> SegmentCursor::bytes_at_position() const {
  const auto from = static_cast<std::size_t>(position_ - buffer_offset_);
  return std::span{buffer_}.subspan(from, buffer_size_ - from);
}

// At least `wanted_bytes` from the current position on; what has been read of them already is kept.
Status SegmentCursor::fill(std::size_t wanted_bytes) {
  const bool within = position_ >= buffer_offset_ && position_ <= buffer_offset_ + buffer_size_;
  const auto kept = within ? static_cast<std::size_t>(buffer_offset_ + buffer_size_ - position_) : 0;
  if (kept >= wanted_bytes) return {};
  const auto left = static_cast<std::size_t>(end_ - position_);
  const auto size = std::min(left, std::max(read_ahead_, wanted_bytes));
  if (kept > 0) std::memmove(buffer_.data(), buffer_.data() + (buffer_size_ - kept), kept);
  buffer_offset_ = position_;
  buffer_size_ = kept;
  if (buffer_.size() < size) buffer_.resize(size);
  if (auto read = segment_->file_->read_at(position_ + kept, std::span{buffer_}.subspan(kept, size - kept)); !read)
    return read;
  buffer_size_ = size;
  return {};
}

Result<std::span<const std::byte>> SegmentCursor::encoded() const {
  const auto bytes = bytes_at_position();
  if (auto verified = verify_readings(header_, bytes); !verified) return segment_->damaged(position_, verified.error());
  return bytes.first(header_.summary.size_bytes);
}

Status SegmentCursor::decode_front(std::size_t count, Instants instants, Series& out, std::size_t row) const {
  const auto bytes = bytes_at_position();
  if (auto decoded = meterhouse::decode_front(header_, bytes, count, instants, out, row); !decoded)
    return segment_->damaged(position_, decoded.error());
  return {};
}

Status SegmentCursor::decode(Series& out) const {
  if (auto decoded = decode_readings(header_, bytes_at_position(), out); !decoded)
    return segment_->damaged(position_, decoded.error());
  return {};
}

}  // namespace meterhouse

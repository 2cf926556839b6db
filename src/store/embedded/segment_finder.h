#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "base/result.h"
#include "codec/block_header.h"
#include "store/embedded/segment.h"

namespace meterhouse {

// Finds the blocks of ascending keys in a segment: a group that holds several of them is read and walked once.
//   threads  one; the segment outlives it
class SegmentFinder {
 public:
  explicit SegmentFinder(const Segment& segment) : segment_(segment) {}

  // Whether the segment has a block of the key, which is not below the one asked for before.
  //   errors  corruption, io; a later key may be asked for all the same
  Result<bool> find(SeriesKey key);

  // Of the block that was found; legal until find() is called again.
  const BlockHeader& header() const { return header_; }
  // codec/block_header.h: decode_front of that block.
  Status decode_front(std::size_t count, Series& out, std::size_t row) const;
  // All its readings into `out`, whose old content is replaced; empty on an error.
  Status decode(Series& out) const;

 private:
  static constexpr std::size_t kNoGroup = std::numeric_limits<std::size_t>::max();

  Status read_header();
  std::uint64_t offset() const { return segment_.index_.offsets[group_] + at_; }   // of the block in the file
  std::span<const std::byte> block() const { return bytes_.span().subspan(at_); }  // and what follows it

  const Segment& segment_;
  std::size_t group_ = kNoGroup;
  Segment::Bytes bytes_;  // of the group
  std::size_t at_ = 0;    // of the block in the group
  std::size_t next_ = 0;  // of the one behind it
  BlockHeader header_;    // of the block, where next_ > at_
};

}  // namespace meterhouse

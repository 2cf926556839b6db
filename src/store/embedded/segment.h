#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "base/time.h"
#include "codec/block.h"
#include "codec/block_header.h"
#include "model/ids.h"
#include "model/series.h"
#include "store/readings.h"

namespace meterhouse {

// What a segment says of itself in its footer.
struct SegmentInfo {
  Instant start;  // its readings lie in (start, end]: a reading at 00:00 on the first closes the month before
  Instant end;
  std::uint64_t first_fold = 0;  // the range of fold sequences in it; where blocks overlap the lower one wins
  std::uint64_t last_fold = 0;
  std::uint64_t blocks = 0;
  std::uint64_t readings = 0;
  Instant oldest;  // instants of its oldest and newest reading; start and start where it has no block
  Instant newest;
  std::uint64_t size_bytes = 0;  // of the file

  friend bool operator==(const SegmentInfo&, const SegmentInfo&) = default;
};

struct SegmentDamage {
  std::uint64_t offset = 0;      // in the file
  std::optional<SeriesKey> key;  // of the damaged block, as far as its bytes or the index tell it
  std::string message;           // names file, offset and meter
};

struct SegmentVerification {
  std::uint64_t blocks = 0;  // found whole
  std::uint64_t readings = 0;
  std::uint64_t bytes = 0;  // read
  std::uint64_t damages = 0;
  std::vector<SeriesKey> keys;  // of those blocks
};

// Where the groups of blocks begin, each about 4 KiB.
struct SegmentIndex {
  std::vector<std::uint32_t> keys;     // first key of each group, ascending
  std::vector<std::uint64_t> offsets;  // of each group in the file
  std::uint64_t blocks_end = 0;        // where the last block ends
};

// An immutable file of blocks of one month, sorted by key, at most one block a key. Holds the file open and, in memory,
// its sparse index: 12 bytes for about every 4 KiB of blocks. Every read goes to the file and verifies the checksums of
// what it answers from; there is no cache here.
//   threads  any thread
//   errors   of every read: corruption (names file, offset and meter; nothing is answered), io
//   source   docs/formats/segment.md
class Segment : public std::enable_shared_from_this<Segment> {
 public:
  // Verifies header, footer and index; the blocks are verified as they are read.
  //   errors  corruption, io; out_of_range: the file is of a newer format version
  // Shared because readers keep a snapshot of the segment list while a merge replaces it.
  static Result<std::shared_ptr<const Segment>> open(FileSystem& files, const std::string& path);

  const SegmentInfo& info() const { return info_; }
  const std::string& path() const { return path_; }

  // The readings of `key` with range.from <= at <= range.to into `out`, whose old content is replaced; empty where
  // there are none. A Series that is used again saves the allocation. On an error `out` is empty.
  Status read(SeriesKey key, ReadRange range, Series& out) const;

  // The same to the readings in `out`, which win where both have an instant; cheap where those all lie before. On an
  // error `out` holds nothing of use.
  Status read_into(SeriesKey key, ReadRange range, Series& out) const;

  // The header of the block of `key`; nullopt where it has none.
  Result<std::optional<BlockSummary>> summary(SeriesKey key) const;

  // The bytes of the file as they are, nothing verified: for copies. Also where its name is gone.
  Status read_bytes(std::uint64_t offset, std::span<std::byte> out) const { return file_->read_at(offset, out); }

  // Reads every byte of the file and decodes every block. Damage is reported and the walk goes on at the next block,
  // or, where the header is damaged, at the next group of the index. Rules checked besides: order of keys, bounds,
  // counts.
  //   errors  io only: damage is no error here
  using ReportDamage = std::function<void(const SegmentDamage&)>;
  Result<SegmentVerification> verify(const ReportDamage& report) const;

 private:
  friend class SegmentCursor;
  friend class SegmentFinder;
  struct Bytes {
    std::unique_ptr<std::byte[]> data;
    std::size_t size = 0;
    std::size_t room = 0;
    std::span<const std::byte> span() const { return {data.get(), size}; }
  };

  Segment(std::string path, std::unique_ptr<File> file) : path_(std::move(path)), file_(std::move(file)) {}

  Status load();
  std::uint64_t group_end(std::size_t group) const;
  Status read_group(std::size_t group, Bytes& bytes) const;
  using OnDamage = std::function<void(std::uint64_t offset, std::optional<SeriesKey>, const Error&)>;
  Status verify_frame() const;
  Status verify_group(std::size_t group, SegmentVerification& found, std::optional<SeriesKey>& last_key,
                      const OnDamage& on_damage) const;
  // `error` with file and offset in front, where it is corruption.
  Error damaged(std::uint64_t offset, const Error& error) const;

  std::string path_;
  std::unique_ptr<File> file_;
  SegmentInfo info_{};
  SegmentIndex index_;
};

// Walks the blocks of a key range in order, reading the file in large pieces. One thread; keeps its segment alive.
//   SegmentCursor cursor{segment, keys};
//   for (;;) { auto more = cursor.next(); if (!more) return more.error(); if (!*more) break; ... cursor.summary() ... }
class SegmentCursor {
 public:
  // A scan holds one buffer a segment: all of a year's months and the rows they become should stay in the second cache
  // (2 MB); with 512 KiB each they do not, and a scan takes a quarter longer.
  static constexpr std::size_t kDefaultReadAhead = std::size_t{64} << 10;

  explicit SegmentCursor(std::shared_ptr<const Segment> segment, KeyRange keys = {},
                         std::size_t read_ahead_bytes = kDefaultReadAhead);

  // To the first or the next block: false where there is none left. Verifies the block's header and that keys ascend,
  // not its readings: a walk for totals asks nothing else.
  //   errors  corruption, io; the cursor then stays at its end
  Result<bool> next();

  // Of the current block; legal after next() answered true, valid until it is called again.
  const BlockSummary& summary() const { return header_.summary; }
  // The whole block, its checksums verified: for SegmentWriter::add_encoded.
  Result<std::span<const std::byte>> encoded() const;
  // Its readings into `out`, whose old content is replaced; empty on an error.
  Status decode(Series& out) const;
  // codec/block_header.h: front_until and decode_front of the current block.
  std::size_t front_until(Instant to) const { return meterhouse::front_until(header_, to); }
  Status decode_front(std::size_t count, Instants instants, Series& out, std::size_t row) const;

 private:
  Result<bool> advance();
  Status fill(std::size_t wanted_bytes);
  Status check_order(SeriesKey key);
  std::span<const std::byte> bytes_at_position() const;

  std::shared_ptr<const Segment> segment_;
  KeyRange keys_;
  std::size_t read_ahead_;
  std::vector<std::byte> buffer_;
  std::uint64_t buffer_offset_ = 0;  // of buffer_[0] in the file
  std::size_t buffer_size_ = 0;      // bytes of it that are filled
  std::uint64_t position_ = 0;       // in the file, of the current block
  std::uint64_t next_position_ = 0;
  std::uint64_t end_ = 0;       // no block of the range begins here or behind
  std::size_t next_group_ = 0;  // the first whose start is not passed yet
  std::optional<std::uint32_t> last_key_;
  BlockHeader header_;
};

}  // namespace meterhouse

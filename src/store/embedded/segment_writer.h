#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "store/embedded/segment.h"

namespace meterhouse {

// Writes one segment: create, then add in ascending order of keys, then finish. The file stands aside as `<path>.tmp`
// until finish, which syncs it, renames it and syncs the directory; a writer that goes away before that removes it. One
// thread.
class SegmentWriter {
 public:
  struct Options {
    Instant start;  // all readings lie in (start, end]
    Instant end;
    std::uint64_t first_fold = 0;  // fold sequences, first <= last
    std::uint64_t last_fold = 0;
  };

  // errors  io, no_space
  static Result<SegmentWriter> create(FileSystem& files, std::string path, Options options);

  SegmentWriter(SegmentWriter&& other) noexcept;
  SegmentWriter& operator=(SegmentWriter&&) = delete;
  ~SegmentWriter();

  // One block. key greater than that of the block before, series as append_block wants it and within (start, end]
  // (MH_CHECK).
  //   errors  io, no_space: the writer is of no use any more
  Status add(SeriesKey key, const Series& series, std::optional<ReadingBefore> before = {});

  // The same for a block that is encoded already, as SegmentCursor::encoded gives it. Its header is verified again, its
  // payload is trusted to have been.
  //   errors  also corruption: no block, or not one that belongs here
  Status add_encoded(std::span<const std::byte> block);

  std::uint64_t blocks() const { return info_.blocks; }
  std::uint64_t readings() const { return info_.readings; }
  std::uint64_t size_bytes() const { return written_ + buffer_.size(); }  // so far

  // Index and footer, sync, rename, sync of the directory. The segment is durable under its path once it returns. The
  // last call.
  //   errors  io, no_space: what stands under the path, if anything, must not be used
  Result<SegmentInfo> finish();

 private:
  SegmentWriter(FileSystem& files, std::string path, std::unique_ptr<File> file, Options options);

  struct Noted {
    SeriesKey key;
    std::size_t count;
    Instant first;
    Instant last;
  };
  void note_block(const Noted& block);
  Status flush();

  FileSystem* files_;
  std::string path_;
  std::unique_ptr<File> file_;
  SegmentInfo info_{};
  std::vector<std::byte> buffer_;  // not written yet
  std::uint64_t written_ = 0;
  std::optional<SeriesKey> last_key_;
  std::vector<std::byte> index_;
  std::uint64_t groups_ = 0;
  std::uint32_t indexed_key_ = 0;
  std::uint64_t indexed_offset_ = 0;
};

}  // namespace meterhouse

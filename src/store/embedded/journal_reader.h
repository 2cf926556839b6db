#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "store/embedded/journal.h"

namespace meterhouse {

// Reads the frames of a log one by one, also of one that is being written, up to an end that is known to be durable. It
// holds one frame. scan_journal is for a log whose end nobody knows.
//   threads  one
class JournalReader {
 public:
  struct Frame {
    FrameHeader header;
    std::span<const std::byte> bytes;  // the whole frame, on a multiple of 16
    std::span<const std::byte> payload() const { return bytes.subspan(kFrameHeaderSize, header.payload_size); }
  };

  JournalReader(FileSystem& files, std::string directory, std::uint64_t first_file, std::uint64_t first_sequence)
      : files_(files), directory_(std::move(directory)), file_id_(first_file), next_sequence_(first_sequence) {}

  // The frame to be read now, those that end a file too; null: at the end. Valid until pass().
  //   errors  corruption: file and offset are named; io. The reader then stays where it is
  Result<const Frame*> peek(const JournalEnd& end);
  // On to the next; legal where peek() gave a frame.
  void pass();

 private:
  Status open_file();
  Status load();
  Error damaged(std::string_view what) const;

  FileSystem& files_;
  std::string directory_;
  std::uint64_t file_id_;
  std::uint64_t next_sequence_;
  std::unique_ptr<File> file_;  // null: not opened yet
  std::uint64_t offset_ = 0;
  std::vector<std::byte> bytes_;
  Frame frame_{};
  bool loaded_ = false;  // frame_ is the one at offset_
};

}  // namespace meterhouse

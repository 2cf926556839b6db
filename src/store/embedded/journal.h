#pragma once

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "store/embedded/journal_format.h"

namespace meterhouse {

// The bytes at the end of the log that are no whole frame: what a crash may leave of the one frame being written.
struct TornFrame {
  std::string file;
  std::uint64_t offset;
  std::uint64_t length;
};

// Where a log ends at one moment: what lies before is on stable storage and stays as it is.
struct JournalEnd {
  std::uint64_t file = 0;
  std::uint64_t offset = 0;  // in the file, where the next frame goes
  std::uint64_t next_sequence = 1;
};

// Where the log starts and ends, and what it holds.
struct JournalScan {
  std::uint64_t last_file = 0;
  std::uint64_t end_offset = 0;  // in the last file, where the next frame goes
  std::uint64_t next_sequence = 1;
  std::uint64_t frames = 0;
  std::uint64_t payload_bytes = 0;
  std::optional<TornFrame> torn;
};

using VisitFrame =
    std::function<Status(const FrameHeader&, std::span<const std::byte> payload, const std::string& place)>;

// Reads the log from `first_file` on, whose first frame has number `first_sequence`, without changing anything.
//   errors  corruption: a file is missing, cut or damaged before the log's last frame (file and offset are named)
// A frame that fails its checksum while a valid later one exists is damage; without a later one it is the torn end.
Result<JournalScan> scan_journal(FileSystem& files, const std::string& directory, std::uint64_t first_file,
                                 std::uint64_t first_sequence, const VisitFrame& visit);

// The bytes of the log's files from `first_file` on.
Result<std::uint64_t> journal_size(FileSystem& files, const std::string& directory, std::uint64_t first_file);

// No log has shorter files, unless it was asked to.
constexpr std::uint64_t kLeastJournalFileBytes = std::uint64_t{1} << 20;

// The durable log. Every frame is on stable storage when write() returns; frame n + 1 is written only after that.
//   threads  one
class Journal {
 public:
  struct Options {
    std::string directory;
    std::uint64_t file_size = std::uint64_t{64} << 20;
    // Runs work that may take long: filling the next file. By default at once, on the calling thread.
    std::function<void(std::function<void()>)> launch = [](const std::function<void()>& work) { work(); };
    // Called with each frame once it is durable, those that end a file too; null: none.
    std::function<void(const FrameHeader&, std::span<const std::byte> frame)> on_frame = nullptr;
  };

  // Begins a new file with this number; an older file of the same number is replaced. Where the disk has no room for a
  // full one, that is one of kLeastJournalFileBytes.
  static Result<std::unique_ptr<Journal>> create(FileSystem& files, Options options, std::uint64_t file_id,
                                                 std::uint64_t next_sequence);
  ~Journal();
  // Goes on behind a scanned log. A torn end is overwritten with zeros, so that it cannot be taken for damage later.
  static Result<std::unique_ptr<Journal>> resume(FileSystem& files, Options options, const JournalScan& scan);

  // Writes one frame and syncs it.
  //   frame   kFrameHeaderSize bytes for the header, then the payload; grows to the frame's full size
  //   errors  no_space: the next file could not be made; nothing was written, nothing is left of it, and a later call
  //           may succeed.
  //           io: the write or sync failed; nothing more can be acknowledged, every later call answers unavailable
  Status write(FrameKind kind, Instant arrived, std::vector<std::byte>& frame);

  // Has the next file made, where it is not under way and the current one holds something: whoever knows that
  // begin_next_file() is near does not wait for it then.
  void prepare_next_file();
  // Ends the current file, so that everything up to now lies in files before the returned one, which is as create()
  // makes it.
  //   errors  as write()
  Result<std::uint64_t> begin_next_file();

  std::uint64_t file_id() const { return file_id_; }
  std::uint64_t next_sequence() const { return next_sequence_; }
  JournalEnd end() const { return {file_id_, offset_, next_sequence_}; }
  std::uint64_t bytes() const { return bytes_; }  // in the frames written and resumed
  std::uint64_t syncs() const { return syncs_; }

 private:
  Journal(FileSystem& files, Options options) : files_(files), options_(std::move(options)) {}
  using OpenedFile = Result<std::unique_ptr<File>>;

  OpenedFile fill_file(const std::string& path, JournalHeader header) const;
  OpenedFile make_file(std::uint64_t file_id, std::uint64_t size) const;
  Status move_on(std::uint64_t frame_bytes);
  Status end_file();
  void begin_file(std::unique_ptr<File> file, std::uint64_t size);
  Status put(FrameKind kind, Instant arrived, std::vector<std::byte>& frame);
  Status fail(const Error& error);

  FileSystem& files_;
  Options options_;
  std::unique_ptr<File> file_;
  std::uint64_t file_id_ = 0;
  std::uint64_t file_size_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t next_sequence_ = 1;
  std::uint64_t bytes_ = 0;
  std::uint64_t syncs_ = 0;
  bool failed_ = false;
  std::future<OpenedFile> next_;  // file file_id_ + 1, being made
};

constexpr std::uint64_t kAnyJournalFile = ~std::uint64_t{0};
// Removes the files with a smaller number than `file_id`.
Status remove_journal_files_before(FileSystem& files, const std::string& directory, std::uint64_t file_id);

std::string journal_file_name(std::uint64_t file_id);  // "journal-00000000000000000001"
// The number in such a name; nullopt: another file.
std::optional<std::uint64_t> journal_file_id(std::string_view name);

}  // namespace meterhouse

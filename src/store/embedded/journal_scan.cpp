#include <algorithm>
#include <cstring>

#include "store/embedded/journal.h"

namespace meterhouse {
namespace {

// The same memory for one file after the other: fresh memory costs more than reading what is in the page cache.
Status load(FileSystem& files, const std::string& path, std::vector<std::byte>& bytes) {
  const auto file = files.open(path, OpenMode::read);
  if (!file) return file.error();
  const auto size = (*file)->size();
  if (!size) return size.error();
  bytes.resize(*size);
  return (*file)->read_at(0, bytes);
}

Status check_file(std::span<const std::byte> bytes, std::uint64_t file_id) {
  if (bytes.size() < kJournalHeaderSize)
    return Error{Errc::corruption, fmt::format("offset {}: the file has been cut within its header", bytes.size())};
  const auto header = decode_journal_header(bytes);
  if (!header) return header.error();
  if (header->file_id != file_id)
    return Error{Errc::corruption, fmt::format("offset 0: this is journal file {}, not {}", header->file_id, file_id)};
  if (header->file_size != bytes.size())
    return Error{Errc::corruption,
                 fmt::format("offset {}: the file has been cut, its size was {}", bytes.size(), header->file_size)};
  return {};
}

// The offset of a valid frame with at least this number, at or behind `from`.
std::optional<std::uint64_t> find_frame(std::span<const std::byte> bytes, std::uint64_t from, std::uint64_t sequence) {
  for (std::uint64_t at = from; at + kFrameHeaderSize <= bytes.size(); at += kFrameAlignment) {
    if (bytes[at] == std::byte{0}) continue;  // cheap: most of what lies behind the end is zeros
    const auto frame = decode_frame(bytes.subspan(at));
    if (frame && frame->sequence >= sequence) return at;
  }
  return std::nullopt;
}

// Reads one file after the other; `scan` is the result so far.
class Scanner {
 public:
  Scanner(FileSystem& files, const std::string& directory, std::uint64_t sequence, const VisitFrame& visit)
      : files_(files), directory_(directory), visit_(visit) {
    scan_.next_sequence = sequence;
  }

  Status read_file(std::uint64_t file_id) {
    const std::string path = directory_ + "/" + journal_file_name(file_id);
    if (auto done = load(files_, path, bytes_); !done) return done;
    if (auto done = check_file(bytes_, file_id); !done) return done.error().during(path);
    if (scan_.last_file != 0 && !last_file_ended_) return expect_empty(bytes_, path);
    scan_.last_file = file_id;
    last_file_ended_ = false;
    path_ = path;
    return read_frames(bytes_);
  }

  const JournalScan& result() const { return scan_; }
  bool last_file_ended() const { return last_file_ended_; }

 private:
  // Behind a file whose log has no end frame there may only be the next file, made beforehand and not begun.
  Status expect_empty(std::span<const std::byte> bytes, const std::string& path) const {
    if (const auto at = find_frame(bytes, kJournalHeaderSize, 0))
      return Error{Errc::corruption,
                   fmt::format("{}: offset {}: the log breaks off here, but goes on in {} at offset {}", path_,
                               scan_.end_offset, path, *at)};
    return {};
  }

  Status read_frames(std::span<const std::byte> bytes) {
    std::uint64_t at = kJournalHeaderSize;
    while (const auto frame = decode_frame(bytes.subspan(at))) {
      if (frame->sequence != scan_.next_sequence)
        return Error{Errc::corruption, fmt::format("{}: offset {}: frame {} where {} should be", path_, at,
                                                   frame->sequence, scan_.next_sequence)};
      ++scan_.next_sequence;
      scan_.payload_bytes += frame_size(frame->payload_size);
      if (frame->kind == FrameKind::end) {
        last_file_ended_ = true;
        scan_.end_offset = at + frame_size(0);
        return expect_zeros(bytes, scan_.end_offset);
      }
      ++scan_.frames;
      const auto payload = bytes.subspan(at + kFrameHeaderSize, frame->payload_size);
      if (auto done = visit_(*frame, payload, fmt::format("{}: offset {}", path_, at)); !done) return done.error();
      at += frame_size(frame->payload_size);
    }
    scan_.end_offset = at;
    return inspect_end(bytes, at);
  }

  Status expect_zeros(std::span<const std::byte> bytes, std::uint64_t from) const {
    const auto rest = bytes.subspan(from);
    const auto stray = std::ranges::find_if(rest, [](std::byte b) { return b != std::byte{0}; });
    if (stray == rest.end()) return {};
    return Error{Errc::corruption, fmt::format("{}: offset {}: bytes behind the end of the log", path_,
                                               from + static_cast<std::uint64_t>(stray - rest.begin()))};
  }

  // No valid frame at `at`: the end of the log, its torn end, or damage.
  Status inspect_end(std::span<const std::byte> bytes, std::uint64_t at) {
    const auto rest = bytes.subspan(at);
    std::size_t used = rest.size();
    while (used > 0 && rest[used - 1] == std::byte{0}) --used;
    if (used == 0) return {};
    if (const auto later = find_frame(bytes, at, scan_.next_sequence))
      return Error{Errc::corruption, fmt::format("{}: offset {}: a frame is damaged, a later one at offset {} is whole",
                                                 path_, at, *later)};
    scan_.torn = TornFrame{path_, at, used};
    return {};
  }

  FileSystem& files_;
  const std::string& directory_;
  const VisitFrame& visit_;
  JournalScan scan_;
  std::vector<std::byte> bytes_;  // of the file being read
  bool last_file_ended_ = false;  // an end frame: the log goes on in the next file
  std::string path_;
};

}  // namespace

Result<std::uint64_t> journal_size(FileSystem& files, const std::string& directory, std::uint64_t first_file) {
  const auto names = files.list(directory);
  if (!names) return names.error();
  std::uint64_t bytes = 0;
  for (const std::string& name : *names) {
    const auto id = journal_file_id(name);
    if (!id || *id < first_file) continue;
    const auto file = files.open(directory + "/" + name, OpenMode::read);
    if (!file) return file.error();
    const auto size = (*file)->size();
    if (!size) return size.error();
    bytes += *size;
  }
  return bytes;
}

Result<JournalScan> scan_journal(FileSystem& files, const std::string& directory, std::uint64_t first_file,
                                 std::uint64_t first_sequence, const VisitFrame& visit) {
  const auto names = files.list(directory);
  if (!names) return names.error();
  std::vector<std::uint64_t> ids;
  for (const std::string& name : *names)
    if (const auto id = journal_file_id(name); id && *id >= first_file) ids.push_back(*id);
  std::ranges::sort(ids);
  if (ids.empty() || ids.front() != first_file)
    return Error{Errc::corruption, fmt::format("{}: journal file {} is missing", directory, first_file)};

  Scanner scanner{files, directory, first_sequence, visit};
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] != first_file + i)
      return Error{Errc::corruption, fmt::format("{}: journal file {} is missing", directory, first_file + i)};
    if (auto done = scanner.read_file(ids[i]); !done) return done.error();
  }
  // Before a file is ended the next one is made, and durable: without it something has been removed.
  if (scanner.last_file_ended())
    return Error{Errc::corruption,
                 fmt::format("{}: journal file {} is missing", directory, scanner.result().last_file + 1)};
  return scanner.result();
}

}  // namespace meterhouse

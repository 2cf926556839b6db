#include "store/embedded/journal.h"

#include <charconv>

#include "base/check.h"

// Why the files are filled with zeros beforehand: a sync after an overwrite takes half the time of a sync after an
// append (101 against 213 µs measured), because the file's size and extents do not change.

namespace meterhouse {
namespace {

constexpr std::string_view kPrefix = "journal-";
// Filled and synced at once: a frame's sync waits behind no more than this.
constexpr std::size_t kFillPiece = std::size_t{1} << 20;

}  // namespace

std::string journal_file_name(std::uint64_t file_id) { return fmt::format("{}{:020}", kPrefix, file_id); }

std::optional<std::uint64_t> journal_file_id(std::string_view name) {
  if (!name.starts_with(kPrefix) || name.size() != kPrefix.size() + 20) return std::nullopt;
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), id);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return id;
}

Result<std::unique_ptr<Journal>> Journal::create(FileSystem& files, Options options, std::uint64_t file_id,
                                                 std::uint64_t next_sequence) {
  std::unique_ptr<Journal> journal{new Journal{files, std::move(options)}};
  journal->file_size_ = journal->options_.file_size;
  auto file = journal->make_file(file_id, journal->file_size_);
  if (!file && file.error().code == Errc::no_space && journal->file_size_ > kLeastJournalFileBytes) {
    journal->file_size_ = kLeastJournalFileBytes;
    file = journal->make_file(file_id, journal->file_size_);
  }
  if (!file) return file.error();
  journal->file_ = std::move(*file);
  journal->file_id_ = file_id;
  journal->offset_ = kJournalHeaderSize;
  journal->next_sequence_ = next_sequence;
  return journal;
}

Result<std::unique_ptr<Journal>> Journal::resume(FileSystem& files, Options options, const JournalScan& scan) {
  std::unique_ptr<Journal> journal{new Journal{files, std::move(options)}};
  const std::string path = journal->options_.directory + "/" + journal_file_name(scan.last_file);
  auto file = files.open(path, OpenMode::read_write);
  if (!file) return file.error();
  const auto size = (*file)->size();
  if (!size) return size.error();
  if (scan.torn) {
    const std::vector<std::byte> zeros(scan.torn->length);
    if (auto done = (*file)->write_at(scan.torn->offset, zeros); !done) return done.error();
    if (auto done = (*file)->sync(); !done) return done.error();
  }
  journal->file_ = std::move(*file);
  journal->file_id_ = scan.last_file;
  journal->file_size_ = *size;
  journal->offset_ = scan.end_offset;
  journal->next_sequence_ = scan.next_sequence;
  journal->bytes_ = scan.payload_bytes;
  return journal;
}

// The next file may be on its way, made by a task that uses this object. A task dropped unmade counts as over.
Journal::~Journal() {
  if (next_.valid()) next_.wait();
}

Journal::OpenedFile Journal::fill_file(const std::string& path, JournalHeader header) const {
  auto opened = files_.open(path, OpenMode::create);
  if (!opened) return opened.error();
  File& file = **opened;
  if (auto done = file.write_at(0, encode_journal_header(header)); !done) return done.error();
  const std::vector<std::byte> zeros(std::min<std::uint64_t>(kFillPiece, header.file_size));
  for (std::uint64_t at = kJournalHeaderSize; at < header.file_size; at += kFillPiece) {
    const auto piece = std::span{zeros}.first(std::min<std::uint64_t>(kFillPiece, header.file_size - at));
    if (auto done = file.write_at(at, piece); !done) return done.error();
    if (auto done = file.sync(); !done) return done.error();
  }
  return opened;
}

// A whole new file appears under its name only when it is filled and durable. Of one that could not be filled nothing
// stays: it would keep the last bytes of a full disk, which folding needs.
Journal::OpenedFile Journal::make_file(std::uint64_t file_id, std::uint64_t size) const {
  const std::string path = options_.directory + "/" + journal_file_name(file_id);
  const std::string aside = path + ".tmp";
  auto file = fill_file(aside, {file_id, size});
  const auto named = file ? files_.rename(aside, path) : Status{file.error()};
  if (!named) {
    file = named.error();                     // closes it
    static_cast<void>(files_.remove(aside));  // the error that is told is the first
    return named.error();
  }
  // The name may now be that of the new file or, after a crash, of the one before: not as if nothing had happened.
  if (auto done = files_.sync_directory(options_.directory); !done) return Error{Errc::io, done.error().message};
  return file;
}

void Journal::prepare_next_file() {
  if (next_.valid() || failed_ || offset_ == kJournalHeaderSize) return;
  auto task = std::make_shared<std::packaged_task<OpenedFile()>>(
      [this, id = file_id_ + 1, size = options_.file_size] { return make_file(id, size); });
  next_ = task->get_future();
  options_.launch([task] { (*task)(); });
}

Status Journal::fail(const Error& error) {
  failed_ = true;
  return Error{Errc::io, fmt::format("write journal {}: {}", file_id_, error.message)};
}

// A file in which a frame of this size fits, in place of the current one where that is empty, else behind it. The new
// one stands before the old one is ended: where the disk is full, nothing has happened.
Status Journal::move_on(std::uint64_t frame_bytes) {
  const std::uint64_t needed = kJournalHeaderSize + frame_bytes + frame_size(0);
  const std::uint64_t size = std::max(options_.file_size, needed);  // a frame larger than a file gets one of its own
  const bool empty = offset_ == kJournalHeaderSize;
  const bool beforehand = next_.valid();
  prepare_next_file();
  auto file = empty ? make_file(file_id_, size) : next_.get();
  // One made beforehand may be too small, or the disk was full then and has room now.
  const bool was_full = beforehand && !file && file.error().code == Errc::no_space;
  if (!empty && (was_full || (file && size > options_.file_size))) file = make_file(file_id_ + 1, size);
  if (!file && file.error().code != Errc::no_space) return fail(file.error());
  if (!file) return file.error();
  if (!empty)
    if (auto done = end_file(); !done) return done;
  begin_file(std::move(*file), size);
  return {};
}

Status Journal::end_file() {
  std::vector<std::byte> end(kFrameHeaderSize);
  if (auto done = put(FrameKind::end, kFirstInstant, end); !done) return done;
  ++file_id_;
  return {};
}

void Journal::begin_file(std::unique_ptr<File> file, std::uint64_t size) {
  file_ = std::move(file);
  file_size_ = size;
  offset_ = kJournalHeaderSize;
}

Status Journal::put(FrameKind kind, Instant arrived, std::vector<std::byte>& frame) {
  const auto payload_size = static_cast<std::uint32_t>(frame.size() - kFrameHeaderSize);
  frame.resize(frame_size(payload_size));
  const FrameHeader header{payload_size, kind, next_sequence_, arrived};
  seal_frame(frame, header);
  if (auto done = file_->write_at(offset_, frame); !done) return fail(done.error());
  // A failed sync is never tried again: the kernel may have marked the pages clean without writing them.
  if (auto done = file_->sync(); !done) return fail(done.error());
  ++syncs_;
  ++next_sequence_;
  offset_ += frame.size();
  bytes_ += frame.size();
  if (options_.on_frame) options_.on_frame(header, frame);
  return {};
}

Status Journal::write(FrameKind kind, Instant arrived, std::vector<std::byte>& frame) {
  MH_CHECK(frame.size() >= kFrameHeaderSize && frame.size() - kFrameHeaderSize <= kMaxFramePayload);
  if (failed_) return Error{Errc::unavailable, "the journal stopped after a failed write"};
  const std::uint64_t frame_bytes = frame_size(frame.size() - kFrameHeaderSize);
  if (offset_ + frame_bytes + frame_size(0) > file_size_)
    if (auto done = move_on(frame_bytes); !done) return done.error();
  if (auto done = put(kind, arrived, frame); !done) return done.error();
  if (offset_ > file_size_ / 2) prepare_next_file();
  return {};
}

Result<std::uint64_t> Journal::begin_next_file() {
  if (failed_) return Error{Errc::unavailable, "the journal stopped after a failed write"};
  if (offset_ == kJournalHeaderSize) return file_id_;  // nothing in it yet
  const auto moved = move_on(0);
  if (moved) return file_id_;
  if (moved.error().code != Errc::no_space) return moved.error();
  // Who ends a file is about to fold, and nothing else makes room.
  const std::uint64_t size = std::min(options_.file_size, kLeastJournalFileBytes);
  auto file = make_file(file_id_ + 1, size);
  if (!file) return file.error().code == Errc::no_space ? file.error() : fail(file.error()).error();
  if (auto done = end_file(); !done) return done.error();
  begin_file(std::move(*file), size);
  return file_id_;
}

Status remove_journal_files_before(FileSystem& files, const std::string& directory, std::uint64_t file_id) {
  const auto names = files.list(directory);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    const auto id = journal_file_id(name);
    if (!id || *id >= file_id) continue;
    if (auto done = files.remove(directory + "/" + name); !done) return done.error();
  }
  return files.sync_directory(directory);
}

}  // namespace meterhouse

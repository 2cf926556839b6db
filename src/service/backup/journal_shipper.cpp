#include "service/backup/journal_shipper.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"

namespace meterhouse {
namespace {

constexpr std::chrono::seconds kEvery{1};
// A second's frames are written earlier where they are many.
constexpr std::uint64_t kSoonBytes = std::uint64_t{8} << 20;
const VisitRecord kIgnore = [](const ShippedRecord&) { return Status{}; };

std::size_t index_of(FrameStream stream) { return static_cast<std::size_t>(stream); }

}  // namespace

Result<std::unique_ptr<JournalShipper>> JournalShipper::open(FileSystem& files, const Clock& clock,
                                                             ShipperOptions options) {
  std::unique_ptr<JournalShipper> shipper{new JournalShipper{files, clock, std::move(options)}};
  JournalShipper& self = *shipper;
  if (self.options_.mode == ShippingMode::off) return shipper;
  if (auto done = files.create_directories(self.options_.directory); !done) return done.error();
  for (Stream& stream : self.streams_)
    if (auto done = self.recover(stream); !done) return done.error().during("ship the journal");
  if (self.options_.threads == ShipperOptions::Threads::own) self.thread_ = std::thread{[&self] { self.run(); }};
  return shipper;
}

JournalShipper::~JournalShipper() {
  {
    const std::scoped_lock lock{mutex_};
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

// The last piece tells what is shipped; where it was being written when the program ended, it is closed.
Status JournalShipper::recover(Stream& stream) {
  const auto names = files_.list(options_.directory);
  if (!names) return names.error();
  std::string last;
  for (const std::string& name : *names) {
    if (name.ends_with(".part"))
      if (auto done = files_.remove(path_of(name)); !done) return done;
    if (const auto piece = parse_piece_name(name); piece && piece->stream == stream.which) last = name;
  }
  if (last.empty()) return {};
  stream.left = last;
  if (auto done = close_left(stream); !done) return done;
  const std::scoped_lock lock{mutex_};
  shipped_[index_of(stream.which)] = stream.last_sequence;
  return {};
}

// What can be read of it is written anew and closed, also where it has its footer already: after a failed sync the file
// itself cannot be believed, nor after a start, before which it may never have been synced. Interrupted, it is done
// again: the piece may then be gone.
Status JournalShipper::close_left(Stream& stream) {
  const std::string name = *stream.left;
  stream.last_sequence = parse_piece_name(name)->first_sequence - 1;
  std::vector<std::byte> bytes(kPieceHeaderSize);
  const auto keep = [&](const ShippedRecord& record) -> Status {
    const auto encoded = encode_record(record);
    bytes.insert(bytes.end(), encoded.begin(), encoded.end());
    return {};
  };
  const auto info = read_piece(files_, options_.directory, name, keep);
  Status done;
  if (info && info->records > 0)
    done = rewrite_closed(*info, std::move(bytes));
  else if (info)
    done = files_.remove(path_of(name));
  else if (info.error().code == Errc::unavailable)
    return info.error();  // newer: nothing is done to it
  else if (info.error().code != Errc::not_found)
    done = set_aside(name, info.error());
  if (done) done = files_.sync_directory(options_.directory);
  if (!done) return done;
  if (info) stream.last_sequence = info->last_sequence;
  stream.left.reset();
  return {};
}

Status JournalShipper::set_aside(const std::string& name, const Error& why) {
  if (auto done = files_.rename(path_of(name), path_of(name) + ".damaged"); !done) return done;
  options_.on_error(why.during("set aside a piece of the shipped journal"));
  return {};
}

//   bytes  room for the header, then the records
Status JournalShipper::rewrite_closed(const PieceInfo& info, std::vector<std::byte> bytes) {
  std::ranges::copy(encode_piece_header(info.header), bytes.begin());
  const auto footer = encode_piece_footer(info, content_hash(bytes));
  bytes.insert(bytes.end(), footer.begin(), footer.end());
  const std::string part = path_of(info.name) + ".part";
  const auto file = files_.open(part, OpenMode::create);
  if (!file) return file.error();
  auto done = (*file)->write_at(0, bytes);
  if (done) done = (*file)->sync();
  if (done) done = files_.rename(part, path_of(info.name));
  return done;
}

// The header is durable before the piece has its name: a piece without a whole one is damaged.
Status JournalShipper::begin_piece(Stream& stream, const Waiting& frame) {
  if (stream.left)
    if (auto done = close_left(stream); !done) return done;
  if (frame.sequence <= stream.last_sequence) return {};  // it had reached the disk
  if (frame.sequence > stream.last_sequence + 1)
    note_missing(stream.which, {stream.last_sequence + 1, frame.sequence - 1});
  const PieceHeader header{options_.store, stream.which, frame.sequence};
  const auto bytes = encode_piece_header(header);
  const std::string name = piece_name(stream.which, frame.sequence);
  const std::string part = path_of(name) + ".part";
  auto file = files_.open(part, OpenMode::create);
  if (!file) return file.error();
  auto done = (*file)->write_at(0, bytes);
  if (done) done = (*file)->sync();
  if (done) done = files_.rename(part, path_of(name));
  if (done) done = files_.sync_directory(options_.directory);
  if (!done) {
    static_cast<void>(files_.remove(part));  // best effort: the next attempt overwrites it
    return done;
  }
  stream.file = std::move(*file);
  stream.piece = PieceInfo{.name = name, .header = header, .last_sequence = frame.sequence - 1};
  stream.piece.end_offset = bytes.size();
  stream.hasher = ContentHasher{};
  stream.hasher.add(bytes);
  const std::scoped_lock lock{mutex_};
  ++stats_.pieces;
  return {};
}

Status JournalShipper::close_piece(Stream& stream) {
  if (!stream.file) return {};
  const auto footer = encode_piece_footer(stream.piece, stream.hasher.value());
  if (auto done = stream.file->write_at(stream.piece.end_offset, footer); !done) return done;
  if (auto done = stream.file->sync(); !done) return done;
  stream.file.reset();
  stream.touched = false;
  return {};
}

Status JournalShipper::put(Stream& stream, const Waiting& frame) {
  if (!stream.left && frame.sequence <= stream.last_sequence) return {};
  const bool goes_on = stream.file && frame.sequence == stream.last_sequence + 1;
  const bool fits = stream.piece.records == 0 || stream.piece.end_offset + frame.bytes.size() <= options_.piece_bytes;
  if (!goes_on || !fits)
    if (auto done = close_piece(stream); !done) return done;
  if (!stream.file) {
    if (auto done = begin_piece(stream, frame); !done) return done;
    if (!stream.file) return {};
  }
  stream.touched = true;
  if (auto done = stream.file->write_at(stream.piece.end_offset, frame.bytes); !done) return done;
  stream.hasher.add(frame.bytes);
  if (stream.piece.records++ == 0) stream.piece.first_arrival = frame.arrived;
  stream.piece.last_arrival = frame.arrived;
  stream.piece.last_sequence = stream.last_sequence = frame.sequence;
  stream.piece.end_offset += frame.bytes.size();
  return {};
}

Status JournalShipper::put_all() {
  for (const Waiting& frame : unsynced_)
    if (auto done = put(streams_[index_of(frame.stream)], frame); !done) return done;
  for (Stream& stream : streams_) {
    if (!stream.touched) continue;
    if (auto done = stream.file->sync(); !done) return done;
    stream.touched = false;
  }
  return {};
}

// With writing_ held.
Status JournalShipper::write_waiting() {
  {
    const std::scoped_lock lock{mutex_};
    std::ranges::move(queue_, std::back_inserter(unsynced_));
    queue_.clear();
  }
  if (unsynced_.empty()) return {};
  if (const Status done = put_all(); !done) return fail(done.error());
  const std::scoped_lock lock{mutex_};
  for (const Waiting& frame : unsynced_) {
    ++stats_.frames;
    stats_.bytes += frame.bytes.size();
    queued_bytes_ -= frame.bytes.size();
    shipped_[index_of(frame.stream)] = frame.sequence;
  }
  unsynced_.clear();
  waiting_since_.reset();
  if (!queue_.empty()) waiting_since_ = queue_.front().arrived;
  stats_.failing.reset();
  giving_up_ = false;
  written_.notify_all();
  return {};
}

// The pieces that were open are left: closed with what reached the disk before shipping goes on.
Status JournalShipper::fail(const Error& error) {
  for (Stream& stream : streams_) {
    if (!stream.file) continue;
    stream.left = stream.piece.name;
    stream.file.reset();
    stream.touched = false;
  }
  retry_at_ = clock_.now() + kEvery;
  const Error told = error.during("ship the journal");
  bool begins = false;
  {
    const std::scoped_lock lock{mutex_};
    begins = !stats_.failing.has_value();
    stats_.failing = told;
    written_.notify_all();
  }
  if (begins) options_.on_error(told);
  return told;
}

// With mutex_ held. Whether that is news.
bool JournalShipper::add_missing(FrameStream stream, ShippedGap gap) {
  gap.first = std::max(gap.first, backed_up_[index_of(stream)] + 1);
  auto& missing = missing_[index_of(stream)];
  if (gap.first > gap.last || (missing && missing->first <= gap.first && gap.last <= missing->last)) return false;
  missing = missing ? ShippedGap{std::min(missing->first, gap.first), std::max(missing->last, gap.last)} : gap;
  return true;
}

void JournalShipper::note_missing(FrameStream stream, const ShippedGap& gap) {
  {
    const std::scoped_lock lock{mutex_};
    if (!add_missing(stream, gap)) return;
  }
  options_.on_error(Error{Errc::io, missing_text(stream, gap)});
}

void JournalShipper::note_backup(std::uint64_t sequence, std::uint64_t pending_sequence) {
  const std::scoped_lock lock{mutex_};
  backed_up_ = {sequence, pending_sequence};
  for (std::size_t i = 0; i < missing_.size(); ++i) {
    auto& missing = missing_[i];
    if (!missing) continue;
    missing->first = std::max(missing->first, backed_up_[i] + 1);
    if (missing->first > missing->last) missing.reset();
  }
}

// What is being written stays; what waits behind it goes.
void JournalShipper::give_up_where_too_much() {
  std::optional<Error> tell;
  {
    const std::scoped_lock lock{mutex_};
    if (queued_bytes_ <= kMaxQueuedBytes || queue_.empty()) return;
    if (!giving_up_)
      tell = Error{Errc::io,
                   fmt::format("ship the journal: frame {} ({}) and more could not be written for too long and are "
                               "given up; a restore lacks them until the next backup",
                               queue_.front().sequence, to_string(queue_.front().stream))};
    giving_up_ = true;
    stats_.lost_frames += queue_.size();
    for (const Waiting& frame : queue_) {
      queued_bytes_ -= frame.bytes.size();
      add_missing(frame.stream, {frame.sequence, frame.sequence});
    }
    queue_.clear();
    if (queued_bytes_ == 0) waiting_since_.reset();
  }
  if (tell) options_.on_error(*tell);
}

void JournalShipper::ship(FrameStream stream, std::uint64_t sequence, Instant arrived,
                          std::span<const std::byte> frame) {
  if (options_.mode == ShippingMode::off) return;
  Waiting waiting{stream, sequence, arrived, encode_record({sequence, arrived, frame})};
  bool soon = false;
  bool at_once = options_.mode == ShippingMode::every_batch;
  {
    const std::scoped_lock lock{mutex_};
    if (stopping_ || sequence <= shipped_[index_of(stream)]) return;
    if (queued_bytes_ == 0) waiting_since_ = arrived;
    queued_bytes_ += waiting.bytes.size();
    queue_.push_back(std::move(waiting));
    soon = queued_bytes_ > kSoonBytes && !stats_.failing;
    if (catching_up_) at_once = soon;
  }
  if (at_once) {
    const std::scoped_lock lock{writing_};
    if (clock_.now() >= retry_at_) static_cast<void>(write_waiting());  // told by on_error
  } else if (soon) {
    wake_.notify_one();
  }
  give_up_where_too_much();
}

void JournalShipper::begin_catching_up() {
  const std::scoped_lock lock{mutex_};
  catching_up_ = true;
}

Status JournalShipper::end_catching_up(const std::array<FrameRange, 2>& frames) {
  {
    const std::scoped_lock lock{mutex_};
    catching_up_ = false;
  }
  auto done = flush();
  for (const FrameStream stream : {FrameStream::readings, FrameStream::pending})
    if (auto found = find_missing(stream, frames[index_of(stream)]); done && !found) done = found;
  return done;
}

// Between the pieces, and between them and what the store had.
Status JournalShipper::find_missing(FrameStream stream, const FrameRange& frames) {
  std::uint64_t backed_up = 0;
  {
    const std::scoped_lock lock{mutex_};
    backed_up = backed_up_[index_of(stream)];
  }
  const auto missing = missing_between(files_, options_.directory, stream, backed_up);
  if (!missing) return missing.error();
  if (*missing) note_missing(stream, **missing);
  if (const std::uint64_t known = shipped(stream); known + 1 < frames.first)
    note_missing(stream, {known + 1, frames.first - 1});
  return {};
}

// The frames of a moment ago, unless the disk of the backups is in trouble: whoever waits must get on then.
void JournalShipper::wait_for(FrameStream stream, std::uint64_t sequence) {
  if (options_.threads == ShipperOptions::Threads::none) return static_cast<void>(flush());
  std::unique_lock lock{mutex_};
  const auto over = [&] {
    return shipped_[index_of(stream)] >= sequence || queued_bytes_ == 0 || stats_.failing || stopping_;
  };
  if (over()) return;
  hurried_ = true;
  wake_.notify_one();
  written_.wait_for(lock, kMaxWait, over);
}

Status JournalShipper::flush() {
  const std::scoped_lock lock{writing_};
  return write_waiting();
}

Status JournalShipper::begin_new_pieces() {
  const std::scoped_lock lock{writing_};
  if (auto done = write_waiting(); !done) return done;
  for (Stream& stream : streams_) {
    auto done = stream.left ? close_left(stream) : close_piece(stream);
    if (!done) return fail(done.error());
  }
  return {};
}

Status JournalShipper::close() {
  auto done = begin_new_pieces();
  const std::scoped_lock lock{mutex_};
  stopping_ = true;
  return done;
}

void JournalShipper::run() {
  for (;;) {
    {
      std::unique_lock lock{mutex_};
      wake_.wait_for(lock, kEvery,
                     [this] { return stopping_ || hurried_ || (queued_bytes_ > kSoonBytes && !stats_.failing); });
      if (stopping_) return;
      hurried_ = false;
    }
    const std::scoped_lock lock{writing_};
    static_cast<void>(write_waiting());  // told by on_error; tried again in a second
  }
}

std::uint64_t JournalShipper::shipped(FrameStream stream) const {
  const std::scoped_lock lock{mutex_};
  return shipped_[index_of(stream)];
}

ShipperStats JournalShipper::stats() const {
  const std::scoped_lock lock{mutex_};
  ShipperStats stats = stats_;
  stats.queued_bytes = queued_bytes_;
  stats.waiting_since = waiting_since_;
  stats.missing = missing_;
  return stats;
}

std::string missing_text(FrameStream stream, const ShippedGap& missing) {
  return fmt::format(
      "frames of the journal ({}, from {} to {}) were never shipped: a restore lacks them until the next "
      "backup",
      to_string(stream), missing.first, missing.last);
}

}  // namespace meterhouse

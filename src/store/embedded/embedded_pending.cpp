#include "store/embedded/embedded_store.h"
#include "store/embedded/pending.h"

// Holding readings back, and releasing them. What is held lies in a second journal; the manifest says so. Release reads
// that log while it still grows and puts it through the committer, in the order of arrival; the last of it, and the
// turn to ordinary appends, are one task of the committer, between two frames. From then on everything is in the
// journal: whether the manifest says so already or not, nothing can be lost, only applied twice, which has no effect.

namespace meterhouse {
namespace {

// The committer's callers wait while it applies the last readings of a release.
constexpr std::uint64_t kLastReadings = std::uint64_t{64} << 10;

}  // namespace

struct EmbeddedReadingStore::Release {
  JournalReader reader;
  ReleasedBatch batch{};
  AppendCounts counts{};
  std::uint64_t readings = 0;
};

Status EmbeddedReadingStore::write_pending(Instant arrived, std::size_t readings) {
  if (auto done = check_not_failed(); !done) return done;
  if (auto done = pending_->write(FrameKind::readings, arrived, frame_); !done) return stop_after(done.error());
  pending_readings_ += readings;
  publish_ends();
  return {};
}

// The file stands before the manifest speaks of it; the committer fills it only after that.
Status EmbeddedReadingStore::hold() {
  const std::scoped_lock one_at_a_time{hold_mutex_};
  const std::shared_lock lock{open_mutex_};
  if (auto done = check_open(); !done) return done;
  if (auto done = check_not_failed(); !done) return done;
  if (drained_)
    if (auto done = end_hold(); !done) return done;
  if (held_) return {};
  const Manifest before = manifest();
  auto journal = Journal::create(files_, journal_options(FrameStream::pending), before.first_pending_file,
                                 before.next_pending_sequence);
  if (!journal) return journal.error().during("hold");
  if (auto done = edit_manifest([](Manifest& manifest) { manifest.held = true; }); !done)
    return done.error().during("hold");
  held_ = true;
  return on_committer([&]() -> Status {
    pending_ = std::move(*journal);
    publish_ends();
    return {};
  });
}

Result<AppendCounts> EmbeddedReadingStore::release(const Progress& progress) {
  const std::scoped_lock one_at_a_time{hold_mutex_};
  const std::shared_lock lock{open_mutex_};
  if (auto done = check_open(); !done) return done.error();
  if (auto done = check_not_failed(); !done) return done.error();
  AppendCounts counts;
  if (!held_) return counts;
  if (!drained_) {
    const Manifest from = manifest();
    Release release{{files_, pending_directory(), from.first_pending_file, from.next_pending_sequence}};
    if (auto done = drain(release, progress); !done) return done.error().during("release");
    counts = release.counts;
  }
  if (auto done = end_hold(); !done) return done.error().during("release");
  return counts;
}

// What is there, then what came in meanwhile, as long as that shrinks; the rest between two frames.
Status EmbeddedReadingStore::drain(Release& release, const Progress& progress) {
  for (std::uint64_t before = ~std::uint64_t{0};;) {
    if (auto done = drain_up_to(release, progress); !done) return done;
    const std::uint64_t rest = pending_readings_ - release.readings;
    if (rest <= kLastReadings || rest > before / 2) break;
    before = rest;
  }
  std::unique_ptr<Journal> ended;  // ends here, not on the committer: it may have to wait for its next file
  auto done = on_committer([&]() -> Status {
    if (auto finished = finish_drain(release); !finished) return finished;
    drained_ = pending_->end();
    ended = std::move(pending_);
    pending_readings_ = 0;
    return {};
  });
  if (done && progress && release.readings > 0) progress(release.readings, release.readings);
  return done;
}

Status EmbeddedReadingStore::drain_up_to(Release& release, const Progress& progress) {
  const JournalEnd end = pending_end();
  for (;;) {
    if (closing_) return Error{Errc::unavailable, "the store is being closed"};
    const auto more = next_batch(release.reader, end, kFrameReadings, release.batch);
    if (!more) return more.error();
    if (!*more) return {};
    if (auto done = on_committer([&] { return commit_released(release); }); !done) return done;
    if (progress) progress(release.readings, pending_readings_);
  }
}

Status EmbeddedReadingStore::finish_drain(Release& release) {
  for (;;) {
    const auto more = next_batch(release.reader, pending_->end(), kFrameReadings, release.batch);
    if (!more) return more.error();
    if (!*more) return {};
    if (auto done = commit_released(release); !done) return done;
  }
}

// On the committer: an ordinary frame, but of then.
Status EmbeddedReadingStore::commit_released(Release& release) {
  const auto bytes = std::as_bytes(std::span{release.batch.readings});
  frame_.resize(kFrameHeaderSize);
  frame_.insert(frame_.end(), bytes.begin(), bytes.end());
  if (auto done = write_frame(FrameKind::readings, release.batch.arrived); !done) return done;
  if (applier_) applier_->wait_idle();
  release.readings += release.batch.readings.size();
  const auto counts = live_.apply(release.batch.readings, release.batch.arrived);
  note_applied_in_order();
  if (counts) {
    release.counts += *counts;
    return {};
  }
  if (counts.error().code != Errc::corruption) return counts.error();
  options_.on_background_error(counts.error().during("release"));  // they are in, uncompared
  return {};
}

// Everything pending is in the journal. The manifest first; files it does not speak of any more are only in the way.
Status EmbeddedReadingStore::end_hold() {
  if (options_.before_letting_go) options_.before_letting_go(FrameStream::pending, drained_->next_sequence - 1);
  auto done = edit_manifest([this](Manifest& manifest) {
    manifest.held = false;
    manifest.first_pending_file = drained_->file + 1;
    manifest.next_pending_sequence = drained_->next_sequence;
  });
  if (!done) return done;
  drained_.reset();
  held_ = false;
  if (auto removed = remove_pending_files(); !removed) options_.on_background_error(removed.error());
  return {};
}

Status EmbeddedReadingStore::remove_pending_files() {
  const auto names = files_.list(pending_directory());
  if (!names) return names.error();
  if (names->empty()) return {};
  for (const std::string& name : *names)
    if (auto done = files_.remove(pending_directory() + "/" + name); !done) return done;
  return files_.sync_directory(pending_directory());
}

// At the end: one that was made beforehand holds nothing.
Status EmbeddedReadingStore::remove_next_pending_file() {
  if (!pending_) return {};
  const std::string path = pending_directory() + "/" + journal_file_name(pending_->file_id() + 1);
  const auto exists = files_.exists(path);
  if (!exists || !*exists) return exists ? Status{} : Status{exists.error()};
  return files_.remove(path);
}

JournalEnd EmbeddedReadingStore::pending_end() const {
  return ends_.with([](const Ends& ends) { return ends.pending; });
}

}  // namespace meterhouse

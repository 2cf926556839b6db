#include <algorithm>
#include <set>

#include "base/check.h"
#include "store/embedded/clean_state.h"
#include "store/embedded/embedded_store.h"
#include "store/embedded/pending.h"
#include "store/embedded/store_lock.h"

// Opening: which state the files are in, and the replay of the journal.

namespace meterhouse {

EmbeddedReadingStore::EmbeddedReadingStore(FileSystem& files, const Clock& clock, EmbeddedOptions options)
    : files_(files), clock_(clock), options_(std::move(options)) {}

Result<std::unique_ptr<EmbeddedReadingStore>> EmbeddedReadingStore::open(FileSystem& files, const Clock& clock,
                                                                         EmbeddedOptions options) {
  std::unique_ptr<EmbeddedReadingStore> store{new EmbeddedReadingStore{files, clock, std::move(options)}};
  if (auto done = store->recover(); !done)
    return done.error().during(fmt::format("open {}", store->options_.directory));
  store->note_frames();
  store->start_threads();
  return store;
}

Status EmbeddedReadingStore::recover() {
  for (const std::string& directory :
       {options_.directory, journal_directory(), segment_directory(), pending_directory()})
    if (auto done = files_.create_directories(directory); !done) return done.error();
  lock_ = std::move(options_.lock);
  if (lock_ == nullptr) {
    auto lock = lock_store(files_, options_.directory);
    if (!lock) return lock.error();
    lock_ = std::move(*lock);
  }

  const auto exists = files_.exists(manifest_path());
  if (!exists) return exists.error();
  if (!*exists) {  // a new directory, or one whose first start was interrupted
    manifest_.timezone = options_.calendar.zone_name();
    return begin_clean();
  }
  auto manifest = read_manifest(files_, manifest_path());
  if (!manifest) return manifest.error();
  // Whoever wrote it may have ended before its name was durable; all that follows rests on it.
  if (auto done = files_.sync_directory(options_.directory); !done) return done;
  manifest_ = std::move(*manifest);
  if (manifest_.timezone != options_.calendar.zone_name())
    return Error{Errc::invalid_argument, fmt::format("the data follow the clock of {}, the configuration says {}",
                                                     manifest_.timezone, options_.calendar.zone_name())};
  auto segments = SegmentSet::open(files_, segment_directory(), manifest_.segments);
  if (!segments) return segments.error();
  report_.segments = (*segments)->all().size();
  live_.publish(std::move(*segments), LiveSet::Folded::no);
  first_journal_file_ = manifest_.first_journal_file;
  if (manifest_.clean) return begin_clean();
  // Only what could be replayed whole is cleared up behind.
  if (auto done = replay(); !done) return done.error();
  if (auto done = recover_pending(); !done) return done;
  return remove_orphans();
}

Status EmbeddedReadingStore::begin_clean() {
  if (auto done = check_nothing_beside(files_, journal_directory(), segment_directory(), manifest_); !done) return done;
  if (auto done = recover_pending(); !done) return done;
  if (auto done = begin_journal(); !done) return done;
  return remove_orphans();
}

// The new file stands before the manifest speaks of it, so that the file may never be missing afterwards.
Status EmbeddedReadingStore::begin_journal() {
  auto journal = Journal::create(files_, journal_options(FrameStream::readings), manifest_.first_journal_file,
                                 manifest_.next_sequence);
  if (!journal) return journal.error();
  journal_ = std::move(*journal);
  first_journal_file_ = manifest_.first_journal_file;
  manifest_.clean = false;
  manifest_.pending_end = 0;
  return write_manifest(files_, manifest_path(), manifest_);
}

Status EmbeddedReadingStore::replay() {
  const auto since = clock_.stopwatch();
  const auto size = journal_size(files_, journal_directory(), manifest_.first_journal_file);
  if (!size) return size.error();
  EmbeddedOptions::Replayed replayed{.readings = 0, .bytes = 0, .bytes_max = *size};
  const auto scan =
      scan_journal(files_, journal_directory(), manifest_.first_journal_file, manifest_.next_sequence,
                   [&](const FrameHeader& header, std::span<const std::byte> payload, const std::string& place) {
                     auto done = replay_frame(header, payload);
                     replayed.readings = report_.replayed_readings;
                     replayed.bytes += frame_size(payload.size());
                     options_.on_replay(replayed);
                     return done ? done : Status{done.error().during(place)};
                   });
  if (!scan) return scan.error();
  report_.replay_took = clock_.stopwatch() - since;
  report_.replayed_frames = scan->frames;
  report_.torn = scan->torn;
  auto journal = Journal::resume(files_, journal_options(FrameStream::readings), *scan);
  if (!journal) return journal.error();
  journal_ = std::move(*journal);
  journal_bytes_ = journal_->bytes();
  return tell_frames(FrameStream::readings, manifest_.first_journal_file, manifest_.next_sequence, journal_->end());
}

Status EmbeddedReadingStore::replay_frame(const FrameHeader& header, std::span<const std::byte> payload) {
  if (header.kind == FrameKind::change) {
    ++report_.replayed_changes;
    return options_.on_change({reinterpret_cast<const char*>(payload.data()), payload.size()});
  }
  const auto batch = readings_in(payload);
  if (!batch) return batch.error();
  report_.replayed_readings += batch->size();
  // A damaged segment that cannot be compared with keeps nobody from starting: the readings are in, reads of that place
  // answer corruption.
  if (auto counts = live_.apply(*batch, header.arrived); !counts) {
    if (counts.error().code != Errc::corruption) return counts.error();
    report_.damage = counts.error();
  }
  return {};
}

// What a crash left behind: journal files folded already, segments not yet or no longer named, files written aside.
Status EmbeddedReadingStore::remove_orphans() {
  if (auto done = remove_journal_files_before(files_, journal_directory(), manifest_.first_journal_file); !done)
    return done;
  std::set<std::string> live;
  for (const SegmentEntry& entry : manifest_.segments) live.insert(entry.name);
  const auto names = files_.list(segment_directory());
  if (!names) return names.error();
  for (const std::string& name : *names)
    if (!live.contains(name))
      if (auto done = files_.remove(segment_directory() + "/" + name); !done) return done.error();
  return files_.sync_directory(segment_directory());
}

// The readings of a held store stay where they are; of one that is not, there are none.
Status EmbeddedReadingStore::recover_pending() {
  if (!manifest_.held) {
    if (auto done = check_no_pending(files_, pending_directory(), manifest_); !done) return done;
    return remove_pending_files();
  }
  const auto count = [this](const FrameHeader& header, std::span<const std::byte> payload, const std::string& place) {
    const auto readings = pending_readings_in(header, payload);
    if (!readings) return Status{readings.error().during(place)};
    report_.pending_readings += readings->size();
    return Status{};
  };
  const auto scan = scan_pending(files_, pending_directory(), manifest_, count);
  if (!scan) return scan.error();
  auto journal = Journal::resume(files_, journal_options(FrameStream::pending), *scan);
  if (!journal) return journal.error();
  report_.pending_torn = scan->torn;
  pending_ = std::move(*journal);
  pending_readings_ = report_.pending_readings;
  held_ = true;
  return tell_frames(FrameStream::pending, manifest_.first_pending_file, manifest_.next_pending_sequence,
                     pending_->end());
}

// Who ships frames may not have heard of those that were the last before a crash.
Status EmbeddedReadingStore::tell_frames(FrameStream stream, std::uint64_t first_file, std::uint64_t first_sequence,
                                         JournalEnd end) {
  const auto journal = journal_options(stream);
  if (!journal.on_frame) return {};
  JournalReader reader{files_, journal.directory, first_file, first_sequence};
  for (;;) {
    const auto frame = reader.peek(end);
    if (!frame) return frame.error();
    if (*frame == nullptr) return {};
    journal.on_frame((*frame)->header, (*frame)->bytes);
    reader.pass();
  }
}

Journal::Options EmbeddedReadingStore::journal_options(FrameStream stream) {
  Journal::Options journal;
  journal.directory = stream == FrameStream::readings ? journal_directory() : pending_directory();
  if (options_.on_frame)
    journal.on_frame = [this, stream](const FrameHeader& header, std::span<const std::byte> frame) {
      if (auto done = options_.on_frame(stream, header, frame); !done) options_.on_background_error(done.error());
    };
  // Each fold ends a file: one much larger than a head would mostly be zeros, written and removed for nothing.
  journal.file_size =
      std::min(options_.journal_file_bytes, std::max(options_.head_budget_bytes, kLeastJournalFileBytes));
  if (options_.threads == StoreThreads::own) {
    if (!filler_) filler_ = std::make_unique<Worker>();
    journal.launch = [this](std::function<void()> work) { filler_->post(std::move(work)); };
  }
  return journal;
}

void EmbeddedReadingStore::note_frames() {
  const std::uint64_t pending = manifest_.next_pending_sequence;
  report_.frames = {FrameRange{manifest_.next_sequence, journal_->next_sequence()},
                    FrameRange{pending, pending_ ? pending_->next_sequence() : pending}};
}

void EmbeddedReadingStore::start_threads() {
  publish_ends();
  note_applied(journal_->next_sequence() - 1);
  schedule_fold();
  if (options_.threads == StoreThreads::none) return;
  worker_ = std::make_unique<Worker>();
  folder_ = worker_.get();
  applier_ = std::make_unique<Worker>();
  committer_ = std::thread{[this] { run_committer(); }};
}

}  // namespace meterhouse

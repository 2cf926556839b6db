#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/guarded.h"
#include "base/site_calendar.h"
#include "store/embedded/journal.h"
#include "store/embedded/live_set.h"
#include "store/embedded/manifest.h"
#include "store/embedded/worker.h"
#include "store/folded_days.h"
#include "store/readings.h"

namespace meterhouse {

// Who does the work of the store: threads of its own, or each caller within the call (deterministic; for simulation).
enum class StoreThreads : std::uint8_t { own, none };

// Journal, in head budgets, that a restart may have to replay: past it the store folds, however little the head holds.
constexpr std::uint64_t kJournalPerHead = 4;

// What a fold or a merge did.
struct StoreWork {
  enum class Kind : std::uint8_t { fold, merge } kind;
  std::uint64_t joined;    // segments that a merge joined
  std::uint64_t segments;  // made
  std::uint64_t readings;  // in them
  std::uint64_t bytes;     // of them
  std::chrono::nanoseconds took;
};

struct EmbeddedOptions {
  std::string directory;
  SiteCalendar calendar;  // whose months the segments follow
  std::uint64_t head_budget_bytes = std::uint64_t{256} << 20;
  std::uint64_t journal_file_bytes = std::uint64_t{64} << 20;
  StoreThreads threads = StoreThreads::own;
  // A frame of at least so many readings may be applied while the next is written; a smaller one is applied in the time
  // that waking another thread takes.
  std::size_t apply_aside_readings = 4'096;
  // Of lock_store(), where the caller has taken it already. Null: opening takes it.
  std::shared_ptr<FileSystem::Lock> lock = nullptr;
  // Called while opening, once for each catalog change not folded yet, in order.
  std::function<Status(std::string_view change)> on_change = [](std::string_view) { return Status{}; };
  // Called while opening, with each frame that is replayed: the readings so far, and the bytes, of at most so many.
  struct Replayed {
    std::uint64_t readings;
    std::uint64_t bytes;
    std::uint64_t bytes_max;  // the last file may be zeros for the most part
  };
  std::function<void(const Replayed&)> on_replay = [](const Replayed&) {};
  // Called by a fold, before what it folds lies in segments and nowhere else: the local days that its readings change
  // (one at 00:00 changes the day it closes and the one it opens), and the journal's sequence up to which it folds. Its
  // error fails the fold, which is tried again: days may be told twice, never not at all. Null: none.
  //   threads  one of the store, or that of fold() and close(); must not call the store
  using OnFold = std::function<Status(const FoldedDays& days, std::uint64_t sequence)>;
  OnFold on_fold = nullptr;
  Seconds snap{0};  // a reading this near to midnight stands on it: for on_fold
  // Called with each frame that is written, whole, those that end a file too, when it is durable and before its callers
  // are answered, in the order of the stream; while opening also with those that are not folded, or released, yet: they
  // may have been told before. Its error goes to on_background_error and fails nothing. Null: none.
  //   threads  one at a time; must not call the store, and the stream's callers wait for it
  using OnFrame =
      std::function<Status(FrameStream stream, const FrameHeader& header, std::span<const std::byte> frame)>;
  OnFrame on_frame = nullptr;
  // Called before the frames of a stream up to this one are let go of, folded or released: who has not taken them in
  // yet may wait for that, a moment. Null: none.
  //   threads  as on_fold, or that of release(); must not call the store
  std::function<void(FrameStream stream, std::uint64_t sequence)> before_letting_go = nullptr;
  // Called after each fold and merge, on the thread that did it; must not call the store.
  std::function<void(const StoreWork&)> on_work = [](const StoreWork&) {};
  // Called from a thread of the store where a fold or merge begun by itself failed; it is tried again with later data.
  std::function<void(const Error&)> on_background_error = [](const Error&) {};
  // Called once, from a thread of the store, when the journal failed and nothing can be acknowledged any more.
  std::function<void(const Error&)> on_failure = [](const Error&) {};
};

// What opening found and did.
struct OpenReport {
  std::uint64_t segments = 0;
  std::uint64_t replayed_frames = 0;
  std::uint64_t replayed_readings = 0;
  std::uint64_t replayed_changes = 0;
  std::chrono::nanoseconds replay_took{0};
  std::optional<Error> damage;            // a segment that replayed readings could not be compared with
  std::optional<TornFrame> torn;          // dropped: the frame a crash interrupted; it was not acknowledged
  std::uint64_t pending_readings = 0;     // of a store that is held
  std::optional<TornFrame> pending_torn;  // dropped, of the pending ones
  std::array<FrameRange, 2> frames;       // by FrameStream: those that on_frame was told, if any
};

// The readings store in files of its own: journal, head, segments, manifest. docs/architecture.md has the picture,
// docs/formats/ the bytes. One process at a time holds a directory.
//
// One committer thread owns the journal: it joins the batches of all waiting callers into one frame, writes and syncs
// it. Then the frame is applied to the head and its callers are woken: a small one at once, a large one by a thread of
// its own while the committer writes the next. One background thread folds and merges. At the head's budget the
// committer sets the head aside for folding, and waits where a second one fills up before the first is folded.
// While it is held, the frames of readings go into a second journal instead, and no further.
class EmbeddedReadingStore final : public ReadingStore {
 public:
  // errors  unavailable: another process holds the directory, or a newer program wrote it; corruption;
  //         invalid_argument: the data follow the clock of another time zone
  static Result<std::unique_ptr<EmbeddedReadingStore>> open(FileSystem& files, const Clock& clock,
                                                            EmbeddedOptions options);

  // Without close() it ends as a crash would: the journal is replayed at the next open.
  ~EmbeddedReadingStore() override;

  const OpenReport& open_report() const { return report_; }

  void append(std::vector<Reading> batch, AppendDone done) override;
  void record_change(std::string change, RecordDone done) override;
  // A damaged segment does not keep release() from ending: what it could not be compared with is in, and told by
  // on_background_error.
  Status hold() override;
  Result<AppendCounts> release(const Progress& progress) override;
  using ReadingStore::read;
  Result<Series> read(SeriesKey key, ReadRange range, Neighbours neighbours, std::size_t most) const override;
  Result<Series> latest(SeriesKey key, std::size_t count) const override;
  Status scan(KeyRange keys, ReadRange range, const Visit& visit) const override;
  Status scan_totals(KeyRange keys, ReadRange range, const VisitTotal& visit) const override;
  Result<Digest> digest() const override;
  Status fold() override;
  Status merge() override;
  Result<StoreSnapshot> snapshot() override;
  Result<std::uint64_t> drop_before(Instant month_start) override;
  StoreStats stats() const override;
  Status close() override;

 private:
  // Readings joined into one frame: 4 MiB keep a sync busy at full disk bandwidth, more only delays the first caller.
  static constexpr std::size_t kFrameReadings = std::size_t{256} << 10;

  struct Request {
    std::vector<Reading> batch;
    AppendDone batch_done;
    std::string change;
    RecordDone change_done;                   // set: a change
    std::function<void(const Status&)> task;  // set: to be run between frames; gets an error where it cannot be
  };
  // Of the journals: everything before is durable.
  struct Ends {
    JournalEnd readings;
    JournalEnd pending;
  };
  struct Release;  // one under way
  // What a freeze set aside: the frozen head and the journal before this file.
  struct Aside {
    std::uint64_t journal_file;
    std::uint64_t next_sequence;
    std::uint64_t journal_bytes;
  };

  EmbeddedReadingStore(FileSystem& files, const Clock& clock, EmbeddedOptions options);

  // embedded_open.cpp
  Status recover();
  Status begin_clean();
  Status begin_journal();
  Status replay();
  Status replay_frame(const FrameHeader& header, std::span<const std::byte> payload);
  Status remove_orphans();
  Status recover_pending();
  Journal::Options journal_options(FrameStream stream);
  Status tell_frames(FrameStream stream, std::uint64_t first_file, std::uint64_t first_sequence, JournalEnd end);
  void note_frames();
  void start_threads();

  // embedded_commit.cpp: the committer
  void submit(Request request);
  void run_committer();
  void commit(std::vector<Request> requests);
  void commit_readings(std::vector<Request> requests);
  void apply(std::span<const Request> requests, Instant arrived, std::uint64_t sequence);
  void note_applied(std::uint64_t sequence);
  void note_applied_in_order();
  void commit_change(Request& request);
  Status write_frame(FrameKind kind, Instant arrived);
  Status stop_after(const Error& error);
  void publish_ends();
  Status make_room();
  bool is_full() const;
  void schedule_fold();
  Status freeze();
  Status on_committer(std::function<Status()> work);
  void stop_committer();

  // embedded_pending.cpp
  Status write_pending(Instant arrived, std::size_t readings);
  Status drain(Release& release, const Progress& progress);
  Status drain_up_to(Release& release, const Progress& progress);
  Status finish_drain(Release& release);
  Status commit_released(Release& release);
  Status end_hold();
  Status remove_pending_files();
  Status remove_next_pending_file();
  JournalEnd pending_end() const;

  // embedded_fold.cpp: the background thread, or the caller where there are no threads
  Status on_worker(const std::function<Status()>& work);
  Status fold_now();
  void fold_and_merge();
  Status fold_aside();
  Status write_aside(const Aside& aside);
  void tell_work(StoreWork::Kind kind, std::uint64_t joined, std::span<const LiveSegment> made,
                 std::chrono::nanoseconds since) const;
  Status drop_now(Instant month_start, std::uint64_t& dropped);
  std::uint64_t take_fold_number();
  Status merge_now();
  Result<bool> merge_once();
  using EditManifest = std::function<void(Manifest&)>;
  Status replace_segments(std::vector<LiveSegment> live, LiveSet::Folded folded, const EditManifest& edit);
  Status edit_manifest(const EditManifest& edit);
  Manifest manifest();

  // embedded_snapshot.cpp: the background thread
  Status take_snapshot(StoreSnapshot& snapshot);
  Status name_files(StoreSnapshot& snapshot);
  Status name_log(const std::string& folder, std::uint64_t first_file, JournalEnd end, StoreSnapshot& snapshot);

  std::string manifest_path() const { return options_.directory + "/MANIFEST"; }
  std::string journal_directory() const { return options_.directory + "/journal"; }
  std::string segment_directory() const { return options_.directory + "/segments"; }
  std::string pending_directory() const { return options_.directory + "/pending"; }
  Status check_open() const;
  Status check_not_failed() const;

  FileSystem& files_;
  const Clock& clock_;
  EmbeddedOptions options_;
  OpenReport report_;
  std::shared_ptr<FileSystem::Lock> lock_;

  LiveSet live_;
  std::unique_ptr<Journal> journal_;  // the committer's
  std::unique_ptr<Journal> pending_;  // the committer's; null: append() is ordinary
  std::vector<std::byte> frame_;      // the committer's, used again
  Instant next_fold_at_;              // the committer's: when the day now running will be folded
  Guarded<Ends> ends_;
  std::atomic<std::uint64_t> applied_{0};  // every reading of the frames up to this one is visible

  std::mutex manifest_mutex_;  // held while it is written: one replaces it after the other
  Manifest manifest_;          // as it stands on the disk

  std::mutex hold_mutex_;              // one hold or release after the other
  std::optional<JournalEnd> drained_;  // all pending readings are applied up to here; the manifest does not say so yet
  std::atomic<bool> held_{false};      // as the manifest says
  std::atomic<std::uint64_t> pending_readings_{0};

  std::mutex aside_mutex_;
  std::condition_variable aside_changed_;
  std::optional<Aside> aside_;       // set by the committer, cleared once folded
  std::optional<Error> fold_error_;  // why it could not be folded the last time
  std::string told_;                 // the background thread's: the error it told last; empty: none since

  std::mutex queue_mutex_;
  std::condition_variable queue_ready_;
  std::vector<Request> queue_;
  bool stopping_ = false;

  mutable std::shared_mutex open_mutex_;  // shared while a caller's fold or merge runs; close() waits for them
  std::atomic<bool> closing_{false};
  std::atomic<bool> closed_{false};
  std::atomic<bool> failed_{false};
  std::atomic<std::uint64_t> first_journal_file_{0};  // of the manifest
  std::atomic<std::uint64_t> journal_bytes_{0};
  std::atomic<std::uint64_t> journal_syncs_{0};
  std::atomic<std::uint64_t> folds_{0};
  std::atomic<std::uint64_t> merges_{0};

  // Last, so that they end before what they use.
  std::unique_ptr<Worker> filler_;   // fills journal files with zeros
  std::unique_ptr<Worker> worker_;   // folds and merges
  Worker* folder_ = nullptr;         // that one, for what runs on it: it may be ending; null: no threads
  std::unique_ptr<Worker> applier_;  // the committer's: applies large frames
  std::thread committer_;
};

}  // namespace meterhouse

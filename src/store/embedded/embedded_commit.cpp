#include <cstring>
#include <future>

#include "base/check.h"
#include "store/embedded/embedded_store.h"

// The committer: from waiting batches to frames on disk to the head.

namespace meterhouse {
namespace {

constexpr std::chrono::minutes kDayClosesAfter{10};
constexpr std::chrono::nanoseconds kApplyReading{30};
static_assert(std::is_trivially_copyable_v<Reading> && std::is_standard_layout_v<Reading>,
              "a batch is copied into its frame as it is; encode_reading() says which bytes that are");

}  // namespace

void EmbeddedReadingStore::append(std::vector<Reading> batch, AppendDone done) {
  static_assert(kFrameReadings >= kMaxBatchReadings && kFrameReadings * sizeof(Reading) <= kMaxFramePayload);
  MH_CHECK(!batch.empty() && batch.size() <= kMaxBatchReadings);
  Request request;
  request.batch = std::move(batch);
  request.batch_done = std::move(done);
  submit(std::move(request));
}

void EmbeddedReadingStore::record_change(std::string change, RecordDone done) {
  MH_CHECK(change.size() <= std::size_t{1} << 20);
  Request request;
  request.change = std::move(change);
  request.change_done = std::move(done);
  submit(std::move(request));
}

namespace {

constexpr const char* kClosed = "the store is closed";

}  // namespace

void EmbeddedReadingStore::submit(Request request) {
  std::unique_lock lock{queue_mutex_};
  if (stopping_) {
    lock.unlock();
    const Error error{Errc::unavailable, kClosed};
    if (request.batch_done) request.batch_done(error);
    if (request.change_done) request.change_done(error);
    if (request.task) request.task(error);
    return;
  }
  if (options_.threads == StoreThreads::none) {
    lock.unlock();
    std::vector<Request> requests;
    requests.push_back(std::move(request));
    commit(std::move(requests));
    return;
  }
  queue_.push_back(std::move(request));
  const bool was_idle = queue_.size() == 1;
  lock.unlock();
  if (was_idle) queue_ready_.notify_one();
}

void EmbeddedReadingStore::run_committer() {
  for (;;) {
    std::unique_lock lock{queue_mutex_};
    queue_ready_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    auto requests = std::exchange(queue_, {});
    lock.unlock();
    commit(std::move(requests));
  }
}

void EmbeddedReadingStore::stop_committer() {
  {
    const std::scoped_lock lock{queue_mutex_};
    stopping_ = true;
  }
  queue_ready_.notify_one();
  if (committer_.joinable()) committer_.join();
  if (applier_) applier_->wait_idle();
  applier_.reset();
}

// Waits until the committer has run it, behind what was submitted before. Not from a thread it may be waiting for.
Status EmbeddedReadingStore::on_committer(std::function<Status()> work) {
  const auto promise = std::make_shared<std::promise<Status>>();  // may still be setting when the waiter has gone on
  auto result = promise->get_future();
  Request request;
  request.task = [promise, work = std::move(work)](const Status& open) { promise->set_value(open ? work() : open); };
  submit(std::move(request));
  return result.get();
}

// In the order of arrival: runs of batches as one frame each, changes and tasks between them.
void EmbeddedReadingStore::commit(std::vector<Request> requests) {
  for (std::size_t at = 0; at < requests.size();) {
    if (requests[at].task) {
      requests[at].task({});
      ++at;
    } else if (requests[at].change_done) {
      commit_change(requests[at]);
      ++at;
    } else {
      std::size_t end = at;
      for (std::size_t readings = 0; end < requests.size() && requests[end].batch_done; ++end) {
        readings += requests[end].batch.size();
        if (readings > kFrameReadings) break;
      }
      const auto from = std::make_move_iterator(requests.begin());
      commit_readings({from + static_cast<std::ptrdiff_t>(at), from + static_cast<std::ptrdiff_t>(end)});
      at = end;
    }
  }
}

void EmbeddedReadingStore::commit_readings(std::vector<Request> requests) {
  const Instant arrived = clock_.now();
  std::size_t readings = 0;
  for (const Request& request : requests) readings += request.batch.size();
  frame_.resize(kFrameHeaderSize + readings * sizeof(Reading));
  std::byte* out = frame_.data() + kFrameHeaderSize;
  for (const Request& request : requests) {
    std::memcpy(out, request.batch.data(), request.batch.size() * sizeof(Reading));
    out += request.batch.size() * sizeof(Reading);
  }
  const auto write_begins = clock_.stopwatch();
  const auto written = pending_ ? write_pending(arrived, readings) : write_frame(FrameKind::readings, arrived);
  if (!written) {
    for (const Request& request : requests) request.batch_done(written.error());
    return;
  }
  if (pending_) {
    for (const Request& request : requests) request.batch_done(AppendCounts{.pending = request.batch.size()});
    return;
  }
  // Applying while the next frame is written pays where the disk is quick. On a slow one it would only split the
  // callers into two groups, each of which waits for a sync of its own. In the order of the frames: one that still
  // waits for the applier keeps all behind it there.
  const auto write_took = clock_.stopwatch() - write_begins;
  const bool hand_over = readings >= options_.apply_aside_readings && write_took < readings * kApplyReading;
  const std::uint64_t sequence = journal_->next_sequence() - 1;
  if (!applier_ || (!hand_over && applier_->idle())) return apply(requests, arrived, sequence);
  const auto shared = std::make_shared<const std::vector<Request>>(std::move(requests));
  applier_->post([this, shared, arrived, sequence] { apply(*shared, arrived, sequence); });
}

void EmbeddedReadingStore::apply(std::span<const Request> requests, Instant arrived, std::uint64_t sequence) {
  for (const Request& request : requests) request.batch_done(live_.apply(request.batch, arrived));
  note_applied(sequence);
}

void EmbeddedReadingStore::note_applied(std::uint64_t sequence) {
  applied_ = sequence;
  applied_.notify_all();
}

// Of a frame without readings: behind those handed to the applier.
void EmbeddedReadingStore::note_applied_in_order() {
  const std::uint64_t sequence = journal_->next_sequence() - 1;
  if (!applier_ || applier_->idle()) return note_applied(sequence);
  applier_->post([this, sequence] { note_applied(sequence); });
}

void EmbeddedReadingStore::commit_change(Request& request) {
  frame_.resize(kFrameHeaderSize + request.change.size());
  std::memcpy(frame_.data() + kFrameHeaderSize, request.change.data(), request.change.size());
  const auto written = write_frame(FrameKind::change, clock_.now());
  if (written) note_applied_in_order();
  request.change_done(written);
}

Status EmbeddedReadingStore::write_frame(FrameKind kind, Instant arrived) {
  if (auto done = check_not_failed(); !done) return done;
  if (auto done = make_room(); !done) return done.error();
  if (auto done = journal_->write(kind, arrived, frame_); !done) return stop_after(done.error());
  publish_ends();
  journal_bytes_ += frame_.size();
  journal_syncs_ = journal_->syncs();
  if (live_.active_bytes() >= options_.head_budget_bytes / 2) journal_->prepare_next_file();  // for the freeze to come
  return {};
}

Status EmbeddedReadingStore::check_not_failed() const {
  if (failed_) return Error{Errc::unavailable, "the journal stopped after a failed write"};
  return {};
}

// A journal failed. Where the disk was only full, nothing has happened; else nothing can be acknowledged any more.
Status EmbeddedReadingStore::stop_after(const Error& error) {
  if (error.code != Errc::no_space && !failed_.exchange(true)) options_.on_failure(error);
  return error;
}

void EmbeddedReadingStore::publish_ends() {
  ends_.with([this](Ends& ends) {
    ends.readings = journal_->end();
    if (pending_) ends.pending = pending_->end();
  });
}

// At the head's budget; where repetitions alone (they fill no head) have filled the journal; and once a day, so that a
// small site's journal stays a day long. The day is left ten minutes for its last readings.
bool EmbeddedReadingStore::is_full() const {
  return live_.active_bytes() >= options_.head_budget_bytes ||
         journal_bytes_ >= kJournalPerHead * options_.head_budget_bytes;
}

void EmbeddedReadingStore::schedule_fold() {
  const SiteCalendar& calendar = options_.calendar;
  next_fold_at_ =
      calendar.start_of_day(calendar.day_of(clock_.now() - kDayClosesAfter) + date::days{1}) + kDayClosesAfter;
}

// Keeps the heads within their budget: the full one is set aside and folded while the next fills. Where that one is
// full too before the first is folded, the callers wait for it; where folding fails, they get its error until it has
// succeeded: it is tried again, whether somebody calls or not.
Status EmbeddedReadingStore::make_room() {
  const bool full = is_full();
  if (!full && clock_.now() < next_fold_at_) return {};
  schedule_fold();
  if (options_.threads == StoreThreads::none) return fold_now();
  std::unique_lock lock{aside_mutex_};
  if (aside_ && !full) return {};  // under way, or to be tried again
  aside_changed_.wait(lock, [this] { return !aside_ || fold_error_; });
  if (aside_) return *fold_error_;
  lock.unlock();
  if (auto done = freeze(); !done) {
    if (full || done.error().code != Errc::no_space) return done.error();
    next_fold_at_ = clock_.now() + kDayClosesAfter;  // can wait: what is to be kept now has its place
    return {};
  }
  worker_->post([this] { fold_and_merge(); });
  return {};
}

// Sets the active head aside, with the journal up to here. Nothing to fold: does nothing.
Status EmbeddedReadingStore::freeze() {
  if (applier_) applier_->wait_idle();  // what the journal holds up to here must be in the head that is set aside
  {
    const std::scoped_lock lock{aside_mutex_};
    if (aside_) return Error{Errc::conflict, "a fold is under way"};
  }
  const auto file = journal_->begin_next_file();
  if (!file) return stop_after(file.error());
  publish_ends();
  note_applied_in_order();
  if (*file == first_journal_file_) return {};  // and it is empty: everything is folded
  live_.freeze();
  const std::scoped_lock lock{aside_mutex_};
  aside_ = Aside{*file, journal_->next_sequence(), journal_bytes_};
  aside_changed_.notify_all();
  return {};
}

}  // namespace meterhouse

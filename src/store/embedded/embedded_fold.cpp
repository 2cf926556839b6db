#include <algorithm>
#include <future>

#include "base/check.h"
#include "store/embedded/embedded_store.h"
#include "store/embedded/fold.h"
#include "store/embedded/merge.h"

// The background work: from the head set aside to segments, and from many segments to few.

namespace meterhouse {
namespace {

// A month is closed for merging once what still comes is late by the last arrival class.
constexpr std::chrono::hours kMonthClosesAfter{72};
// Until a fold that failed is tried again: soon after there is room on a full disk, appends must go on.
constexpr std::chrono::seconds kFoldAgainAfter{1};

}  // namespace

Status EmbeddedReadingStore::on_worker(const std::function<Status()>& work) {
  const std::shared_lock lock{open_mutex_};
  if (auto done = check_open(); !done) return done.error();
  if (options_.threads == StoreThreads::none) return work();
  const auto promise = std::make_shared<std::promise<Status>>();  // may still be setting when the waiter has gone on
  auto result = promise->get_future();
  worker_->post([&work, promise] { promise->set_value(work()); });
  return result.get();
}

Status EmbeddedReadingStore::fold() {
  return on_worker([this] { return fold_now(); });
}

Status EmbeddedReadingStore::merge() {
  return on_worker([this] { return merge_now(); });
}

// Everything appended before the call. The committer sets the head aside; while it has not come to that, it may be
// waiting for this thread to fold what it set aside before.
Status EmbeddedReadingStore::fold_now() {
  if (auto done = fold_aside(); !done) return done.error();
  if (!committer_.joinable()) {
    if (auto done = freeze(); !done) return done.error();
    return fold_aside();
  }
  for (;;) {
    auto answer = std::make_shared<std::optional<Status>>();  // outlives this call where folding fails meanwhile
    Request request;
    request.task = [this, answer](const Status& open) {
      auto done = open ? freeze() : open;
      const std::scoped_lock lock{aside_mutex_};
      *answer = std::move(done);
      aside_changed_.notify_all();
    };
    submit(std::move(request));
    const auto waiting = [&] {
      std::unique_lock lock{aside_mutex_};
      aside_changed_.wait(lock, [&] { return answer->has_value() || aside_; });
      return !answer->has_value();
    };
    bool again = true;
    while (again) {
      again = waiting();
      if (auto done = fold_aside(); !done) return done.error();
    }
    const std::scoped_lock lock{aside_mutex_};
    if (answer->value()) return {};
    if (answer->value().error().code != Errc::conflict) return answer->value().error();
  }
}

// What the store does by itself. The same error again and again is told once.
void EmbeddedReadingStore::fold_and_merge() {
  auto done = fold_aside();
  if (done) done = merge_now();
  std::string told = done ? std::string{} : done.error().message;
  if (std::swap(told_, told); !told_.empty() && told_ != told) options_.on_background_error(done.error());
}

Status EmbeddedReadingStore::fold_aside() {
  std::unique_lock lock{aside_mutex_};
  const auto aside = aside_;
  lock.unlock();
  if (!aside) return {};

  auto result = write_aside(*aside);
  lock.lock();
  if (!result) {
    fold_error_ = result.error().during("fold");
    if (folder_ != nullptr && !closed_) folder_->post_later(kFoldAgainAfter, [this] { fold_and_merge(); });
  } else {
    aside_.reset();
    fold_error_.reset();
    journal_bytes_ -= aside->journal_bytes;
    ++folds_;
  }
  lock.unlock();
  aside_changed_.notify_all();
  if (!result) return result;
  return remove_journal_files_before(files_, journal_directory(), aside->journal_file);
}

Status EmbeddedReadingStore::write_aside(const Aside& aside) {
  const auto since = clock_.stopwatch();
  const LiveView view = live_.view();
  TouchedDays touched{options_.calendar, options_.snap, clock_.now()};
  auto live = fold_head(files_, segment_directory(), *view.frozen, options_.calendar, manifest().next_fold,
                        options_.on_fold ? &touched : nullptr, *view.segments);
  if (!live) return live.error();
  // Before the manifest: afterwards the journal is gone, and who did not hear of the days by then never would.
  if (const auto days = touched.days(); !days.empty())
    if (auto done = options_.on_fold(days, aside.next_sequence - 1); !done) return done;
  if (options_.before_letting_go) options_.before_letting_go(FrameStream::readings, aside.next_sequence - 1);
  const std::vector<LiveSegment> made = *live;
  live->insert(live->end(), view.segments->all().begin(), view.segments->all().end());
  auto done = replace_segments(std::move(*live), LiveSet::Folded::yes, [&](Manifest& manifest) {
    ++manifest.next_fold;
    manifest.first_journal_file = aside.journal_file;
    manifest.next_sequence = aside.next_sequence;
  });
  if (done) tell_work(StoreWork::Kind::fold, 0, made, since);
  return done;
}

void EmbeddedReadingStore::tell_work(StoreWork::Kind kind, std::uint64_t joined, std::span<const LiveSegment> made,
                                     std::chrono::nanoseconds since) const {
  StoreWork work{.kind = kind,
                 .joined = joined,
                 .segments = made.size(),
                 .readings = 0,
                 .bytes = 0,
                 .took = clock_.stopwatch() - since};
  for (const LiveSegment& segment : made) {
    work.readings += segment.entry.readings;
    work.bytes += segment.entry.size_bytes;
  }
  options_.on_work(work);
}

Result<std::uint64_t> EmbeddedReadingStore::drop_before(Instant month_start) {
  std::uint64_t dropped = 0;
  if (auto done = on_worker([&] { return drop_now(month_start, dropped); }); !done) return done.error();
  return dropped;
}

// The manifest first; readers that hold what is gone keep it open.
Status EmbeddedReadingStore::drop_now(Instant month_start, std::uint64_t& dropped) {
  const auto segments = live_.view().segments;
  std::vector<LiveSegment> live;
  std::vector<LiveSegment> going;
  for (const LiveSegment& segment : segments->all())
    (segment.entry.month.to <= month_start ? going : live).push_back(segment);
  if (going.empty()) return {};
  auto newest = fold_newest(files_, segment_directory(), going, options_.calendar, take_fold_number());
  if (!newest) return newest.error();
  if (newest->empty()) return {};
  for (const LiveSegment& segment : going) dropped += segment.entry.readings;
  for (const LiveSegment& segment : *newest) dropped -= segment.entry.readings;
  live.insert(live.end(), newest->begin(), newest->end());
  if (auto done = replace_segments(std::move(live), LiveSet::Folded::no, [](Manifest&) {}); !done) return done;
  for (const LiveSegment& segment : going)
    if (auto done = files_.remove(segment_directory() + "/" + segment.entry.name); !done) return done;
  return {};
}

// Used up even where what it is for fails: the disk may have a manifest that names a segment of that number, and no
// other one may come under its name.
std::uint64_t EmbeddedReadingStore::take_fold_number() {
  const std::scoped_lock lock{manifest_mutex_};
  return manifest_.next_fold++;
}

Status EmbeddedReadingStore::merge_now() {
  for (;;) {
    const auto merged = merge_once();
    if (!merged) return merged.error();
    if (!*merged) return {};
  }
}

// One join, of the first month that wants one.
Result<bool> EmbeddedReadingStore::merge_once() {
  const auto since = clock_.stopwatch();
  const auto segments = live_.view().segments;
  const auto& all = segments->all();
  for (std::size_t begin = 0; begin < all.size();) {
    std::size_t end = begin;
    std::vector<std::uint64_t> sizes;
    for (; end < all.size() && all[end].entry.month.from == all[begin].entry.month.from; ++end)
      sizes.push_back(all[end].entry.size_bytes);
    const bool closed = clock_.now() > all[begin].entry.month.to + kMonthClosesAfter;
    const auto pick = pick_merge(sizes, closed ? MonthState::closed : MonthState::open);
    if (!pick) {
      begin = end;
      continue;
    }
    const std::vector<LiveSegment> joined(all.begin() + static_cast<std::ptrdiff_t>(begin + pick->first),
                                          all.begin() + static_cast<std::ptrdiff_t>(begin + pick->last));
    auto merged = merge_segments(files_, segment_directory(), joined, options_.calendar);
    if (!merged) return merged.error();
    std::vector<LiveSegment> live;
    for (const LiveSegment& segment : all)
      if (std::ranges::none_of(joined, [&](const LiveSegment& j) { return j.entry.name == segment.entry.name; }))
        live.push_back(segment);
    live.push_back(*merged);
    if (auto done = replace_segments(std::move(live), LiveSet::Folded::no, [](Manifest&) {}); !done)
      return done.error();
    ++merges_;
    tell_work(StoreWork::Kind::merge, joined.size(), {&*merged, 1}, since);
    // Readers that hold the old ones keep them open; their names go.
    for (const LiveSegment& segment : joined)
      if (auto done = files_.remove(segment_directory() + "/" + segment.entry.name); !done) return done.error();
    return true;
  }
  return false;
}

// The manifest first: what readers see is what a restart would find.
Status EmbeddedReadingStore::replace_segments(std::vector<LiveSegment> live, LiveSet::Folded folded,
                                              const EditManifest& edit) {
  auto segments = std::make_shared<const SegmentSet>(std::move(live));
  auto done = edit_manifest([&](Manifest& manifest) {
    manifest.segments.clear();
    for (const LiveSegment& segment : segments->all()) manifest.segments.push_back(segment.entry);
    edit(manifest);
  });
  if (!done) return done;
  live_.publish(std::move(segments), folded);
  return {};
}

Manifest EmbeddedReadingStore::manifest() {
  const std::scoped_lock lock{manifest_mutex_};
  return manifest_;
}

// Where it fails, the disk may hold either one: whatever either names must stay.
Status EmbeddedReadingStore::edit_manifest(const EditManifest& edit) {
  const std::scoped_lock lock{manifest_mutex_};
  Manifest manifest = manifest_;
  edit(manifest);
  if (auto done = write_manifest(files_, manifest_path(), manifest); !done) return done.error();
  manifest_ = std::move(manifest);
  first_journal_file_ = manifest_.first_journal_file;
  return {};
}

}  // namespace meterhouse

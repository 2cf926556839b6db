#include "store/embedded/embedded_store.h"

#include "base/check.h"
#include "store/embedded/scan.h"
#include "store/embedded/series_edit.h"

// Reads, and the end.

namespace meterhouse {

EmbeddedReadingStore::~EmbeddedReadingStore() {
  stop_committer();
  worker_.reset();
  filler_.reset();
}

Status EmbeddedReadingStore::check_open() const {
  if (closed_) return Error{Errc::unavailable, "the store is closed"};
  return {};
}

Result<Series> EmbeddedReadingStore::read(SeriesKey key, ReadRange range, Neighbours neighbours,
                                          std::size_t most) const {
  if (auto done = check_open(); !done) return done.error();
  const LiveChannel channel = live_.channel(key, range, neighbours);
  Series answer;
  const bool with_neighbours = neighbours == Neighbours::with;
  if (with_neighbours && range.from > kFirstInstant) {
    const Instant limit = range.from - Seconds{1};
    if (auto done = channel.segments->newest(key, limit, 1, answer); !done) return done.error();
    merge_into(answer, part(channel.heads, {kFirstInstant, limit}));
    keep_newest(answer, 1);
  }
  if (range.from <= range.to) {
    if (auto done = channel.segments->read_into(key, range, most, answer); !done) return done.error();
    merge_into(answer, part(channel.heads, range));
  }
  if (with_neighbours && range.to < kLastInstant) {
    const Instant limit = range.to + Seconds{1};
    Series after;
    if (auto done = channel.segments->oldest(key, limit, after); !done) return done.error();
    merge_into(after, part(channel.heads, {limit, kLastInstant}));
    if (after.size() > 1) clip(after, {after.at.front(), after.at.front()});
    merge_into(answer, after);
  }
  if (answer.size() > most) return too_many_readings(key, most);
  return answer;
}

Result<Series> EmbeddedReadingStore::latest(SeriesKey key, std::size_t count) const {
  if (auto done = check_open(); !done) return done.error();
  const LiveChannel channel = live_.channel(key, {}, Neighbours::without);
  Series series;
  if (auto done = channel.segments->newest(key, kLastInstant, count, series); !done) return done.error();
  merge_into(series, channel.heads);
  keep_newest(series, count);
  return series;
}

Status EmbeddedReadingStore::scan(KeyRange keys, ReadRange range, const Visit& visit) const {
  if (auto done = check_open(); !done) return done.error();
  return scan_readings(live_, keys, range, visit);
}

Status EmbeddedReadingStore::scan_totals(KeyRange keys, ReadRange range, const VisitTotal& visit) const {
  if (auto done = check_open(); !done) return done.error();
  return scan_register_totals(live_, keys, range, visit);
}

Result<Digest> EmbeddedReadingStore::digest() const {
  Digest digest;
  auto done = scan({}, {}, [&](SeriesKey key, const SeriesView& series) {
    digest.add(key, series);
    return Status{};
  });
  if (!done) return done.error();
  return digest;
}

StoreStats EmbeddedReadingStore::stats() const {
  StoreStats stats;
  stats.head_readings = live_.head_readings();
  stats.head_bytes = live_.head_bytes();
  stats.journal_bytes = journal_bytes_;
  stats.journal_syncs = journal_syncs_;
  stats.folds = folds_;
  stats.merges = merges_;
  stats.held = held_;
  stats.pending_readings = pending_readings_;
  stats.sequence = ends_.with([](const Ends& ends) { return ends.readings.next_sequence - 1; });
  stats.newest = live_.newest();
  const LiveView view = live_.view();  // keeps the segments while they are counted
  for (const LiveSegment& live : view.segments->all()) {
    ++stats.segments;
    stats.segment_bytes += live.entry.size_bytes;
    stats.segment_readings += live.entry.readings;
  }
  return stats;
}

Status EmbeddedReadingStore::close() {
  closing_ = true;  // a release under way ends
  {
    const std::unique_lock lock{open_mutex_};
    if (auto done = check_open(); !done) return done.error();
    closed_ = true;
  }
  stop_committer();
  worker_.reset();  // waits for the fold or merge under way
  if (failed_)
    return Error{Errc::unavailable, "the journal stopped after a failed write; it is replayed at the next start"};
  if (auto done = fold_now(); !done) return done.error();
  // Merging needs room, and can wait: a full disk must not keep the store from ending in good order.
  if (auto done = merge_now(); !done && done.error().code == Errc::no_space)
    options_.on_background_error(done.error());
  else if (!done)
    return done.error();
  if (auto done = remove_orphans(); !done) return done.error();
  filler_.reset();
  // Everything is folded: the journal's exact end is "nothing", and any byte of it found later would be wrong.
  // Of the pending readings it is where they end.
  if (auto done = remove_next_pending_file(); !done) return done;
  auto written = edit_manifest([this](Manifest& manifest) {
    manifest.clean = true;
    manifest.next_sequence = journal_->next_sequence();
    manifest.first_journal_file = journal_->file_id() + 1;
    if (manifest.held) manifest.pending_end = pending_end().next_sequence;
  });
  if (!written) return written;
  journal_.reset();
  pending_.reset();
  auto done = remove_journal_files_before(files_, journal_directory(), kAnyJournalFile);
  lock_.reset();
  return done;
}

}  // namespace meterhouse

#include "store/embedded/live_set.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "store/embedded/series_edit.h"

namespace meterhouse {
namespace {

// Readings applied under one hold of the lock: about 20 µs, for which a reader may have to wait.
constexpr std::size_t kApplyPiece = 512;
// Lookups in flight: with many meters each is three cache misses (table, channel, end of the run), and the processor
// waits for about ten at a time.
constexpr std::size_t kAhead = 16;

void count(Head::Put put, AppendCounts& counts) {
  if (put == Head::Put::accepted) ++counts.accepted;
  if (put == Head::Put::duplicate) ++counts.duplicate;
  if (put == Head::Put::conflict) ++counts.conflict;
}

ReadingFlags flags_of(const Reading& reading, Instant arrived) {
  return {arrival_class(reading.at(), arrived), ReadingStatus::ok};
}

}  // namespace

LiveSet::LiveSet() = default;

Result<AppendCounts> LiveSet::apply(std::span<const Reading> batch, Instant arrived) {
  AppendCounts counts;
  std::int64_t newest = 0;
  for (const Reading& reading : batch) newest = std::max(newest, epoch_seconds(reading.at()));
  if (!batch.empty()) note_newest(static_cast<std::uint64_t>(newest));
  std::vector<const Reading*> unresolved;
  apply_known(batch, arrived, counts, unresolved);
  // By channel, so that a meter that sends a day again costs one look at its segment and not one a reading.
  std::ranges::stable_sort(unresolved, {}, [](const Reading* reading) { return reading->key(); });
  Status result;
  for (auto begin = unresolved.begin(); begin != unresolved.end();) {
    const auto end =
        std::find_if(begin, unresolved.end(), [&](const Reading* r) { return r->key() != (*begin)->key(); });
    if (auto done = apply_channel({begin, end}, arrived, counts); !done) result = done;
    begin = end;
  }
  if (!result) return result.error();
  return counts;
}

// What the head alone decides; the rest needs a look at the frozen head or the segments, and waits until no lock is
// held.
void LiveSet::apply_known(std::span<const Reading> batch, Instant arrived, AppendCounts& counts,
                          std::vector<const Reading*>& unresolved) {
  for (std::size_t begin = 0; begin < batch.size(); begin += kApplyPiece) {
    const auto piece = batch.subspan(begin, std::min(kApplyPiece, batch.size() - begin));
    state_.with([&](State& state) {
      Head& head = *state.active;
      // All lookups first, then all writes: what a piece needs fits the nearest cache, and each is looked up once.
      std::array<std::uint32_t, kApplyPiece> channels;
      for (std::size_t i = 0; i < piece.size(); ++i) {
        if (i + kAhead < piece.size()) head.prefetch_table(piece[i + kAhead]);
        channels[i] = head.find_channel(piece[i]);
        head.prefetch_channel(channels[i]);
      }
      for (std::size_t i = 0; i < piece.size(); ++i) {
        if (i + kAhead < piece.size()) head.prefetch_end(channels[i + kAhead]);
        const Head::Put put = head.put(channels[i], piece[i], flags_of(piece[i], arrived));
        if (put == Head::Put::unknown_channel || put == Head::Put::older)
          unresolved.push_back(&piece[i]);
        else
          count(put, counts);
      }
    });
  }
}

Status LiveSet::add_channel(SeriesKey key) {
  if (state_.with([&](const State& state) { return state.active->has_channel(key); })) return {};
  const auto newest = newest_outside(key);
  // Where that cannot be told, every reading of the channel is looked for outside.
  const auto known = newest ? *newest : std::optional{kLastInstant};
  state_.with([&](State& state) { state.active->add_channel(key, known); });
  return newest ? Status{} : Status{newest.error()};
}

// Readings of one channel in their order of arrival, which the head alone could not decide.
Status LiveSet::apply_channel(std::span<const Reading* const> readings, Instant arrived, AppendCounts& counts) {
  const SeriesKey key = readings.front()->key();
  Status result = add_channel(key);
  const auto [first, last] = std::ranges::minmax(readings, {}, [](const Reading* reading) { return reading->at(); });
  std::optional<Series> outside;
  for (const Reading* reading : readings) {
    const ReadingFlags flags = flags_of(*reading, arrived);
    const Head::Put put = state_.with([&](State& state) { return state.active->put(*reading, flags); });
    if (put != Head::Put::older) {
      count(put, counts);
      continue;
    }
    if (!outside)
      if (auto done = read_outside(key, {first->at(), last->at()}, outside.emplace()); !done) result = done;
    const auto found = std::ranges::lower_bound(outside->at, reading->at());
    if (found != outside->at.end() && *found == reading->at()) {
      const MilliWattHours value = outside->registers[static_cast<std::size_t>(found - outside->at.begin())];
      ++(value == reading->register_value() ? counts.duplicate : counts.conflict);
      continue;
    }
    state_.with([&](State& state) { state.active->insert(*reading, flags); });
    ++counts.accepted;
  }
  return result;
}

// A head knows of each of its channels what lies outside it, and hands that on when it is folded. So the segments are
// asked only for a channel that had no reading since the start.
Result<std::optional<Instant>> LiveSet::newest_outside(SeriesKey key) const {
  std::optional<Instant> newest;
  bool known = false;
  const auto segments = state_.with([&](const State& state) {
    if (state.frozen && state.frozen->has_channel(key)) {
      known = true;
      newest = state.frozen->newest_known(key);
    } else if (const auto folded = state.newest_folded.find(key); folded != KeyTable::kNone) {
      known = true;
      newest = instant_from_epoch(folded);
    }
    return state.segments;
  });
  if (known) return newest;
  return segments->newest_instant(key);
}

Status LiveSet::read_outside(SeriesKey key, ReadRange range, Series& out) const {
  const LiveView now = view();
  if (auto done = now.segments->read_into(key, range, std::numeric_limits<std::size_t>::max(), out); !done) {
    out.clear();
    return done;
  }
  if (!now.frozen) return {};
  Series frozen;
  append_run(frozen, slice(now.frozen->run(key), range));
  merge_into(out, frozen);
  return {};
}

void LiveSet::freeze() {
  state_.with([](State& state) {
    MH_CHECK(!state.frozen);
    auto next = std::make_shared<Head>(state.active->channels());
    state.frozen = std::exchange(state.active, std::move(next));
  });
}

void LiveSet::publish(std::shared_ptr<const SegmentSet> segments, Folded folded) {
  if (folded == Folded::yes) {
    // In pieces, so that neither readers nor the committer wait long; the frozen head answers for the same until the
    // end.
    const auto frozen = view().frozen;
    const auto keys = frozen->sorted_keys();
    for (std::size_t begin = 0; begin < keys.size(); begin += kApplyPiece) {
      const auto piece = std::span{keys}.subspan(begin, std::min(kApplyPiece, keys.size() - begin));
      state_.with([&](State& state) {
        for (const SeriesKey key : piece) {
          const auto newest = static_cast<std::uint32_t>(epoch_seconds(*frozen->newest_known(key)));
          state.newest_folded.set(key, newest);
        }
      });
    }
  }
  for (const LiveSegment& live : segments->all())
    if (live.segment->info().blocks != 0)
      note_newest(static_cast<std::uint64_t>(epoch_seconds(live.segment->info().newest)));
  state_.with([&](State& state) {
    state.segments.swap(segments);
    if (folded == Folded::yes) state.frozen.reset();
  });
}

// What is repeated or in conflict has an instant that is there already.
void LiveSet::note_newest(std::uint64_t seconds) {
  std::uint64_t known = newest_;
  while (known < seconds + 1 && !newest_.compare_exchange_weak(known, seconds + 1)) {
  }
}

std::optional<Instant> LiveSet::newest() const {
  const std::uint64_t newest = newest_;
  if (newest == 0) return std::nullopt;
  return instant_from_epoch(static_cast<std::int64_t>(newest - 1));
}

LiveView LiveSet::view() const {
  return state_.with([](const State& state) { return LiveView{state.frozen, state.segments}; });
}

LiveChannel LiveSet::channel(SeriesKey key, ReadRange range, Neighbours neighbours) const {
  LiveChannel answer;
  Series active;
  const auto frozen = state_.with([&](const State& state) {
    append_run(active, slice(state.active->run(key), range, neighbours));
    answer.segments = state.segments;
    return state.frozen;
  });
  if (frozen) append_run(answer.heads, slice(frozen->run(key), range, neighbours));
  merge_into(answer.heads, active);  // the two are disjoint
  return answer;
}

LiveSnapshot::LiveSnapshot(const LiveSet& live, KeyRange keys) : live_(live) {
  const auto sizes = live_.state_.with([&](const LiveSet::State& state) {
    active_ = state.active;
    frozen_ = state.frozen;
    segments_ = state.segments;
    moment_ = active_->watch();
    return active_->run_sizes(keys);
  });
  for (const Head::RunSize& size : sizes) head_channels_.push_back({size.key, size.count});
  std::ranges::sort(head_channels_, {}, &Channel::key);
  if (!frozen_) return;
  // A channel of both heads stands there with its count first.
  const auto middle = static_cast<std::ptrdiff_t>(head_channels_.size());
  for (const SeriesKey key : frozen_->sorted_keys(keys)) head_channels_.push_back({key, 0});
  std::ranges::inplace_merge(head_channels_, head_channels_.begin() + middle, {}, &Channel::key);
  const auto repeated = std::ranges::unique(head_channels_, {}, &Channel::key);
  head_channels_.erase(repeated.begin(), repeated.end());
}

LiveSnapshot::~LiveSnapshot() {
  live_.state_.with([this](const LiveSet::State&) { active_->unwatch(); });
}

Series LiveSnapshot::head_readings(const Channel& channel, ReadRange range) const {
  Series active;
  if (channel.active_count > 0)
    live_.state_.with([&](const LiveSet::State&) {
      active_->append_run_as_of(moment_, {channel.key, channel.active_count}, range, active);
    });
  if (!frozen_) return active;
  Series series;
  append_run(series, slice(frozen_->run(channel.key), range));
  merge_into(series, active);
  return series;
}

std::size_t LiveSet::active_bytes() const {
  return state_.with([](const State& state) { return state.active->bytes(); });
}

std::size_t LiveSet::head_bytes() const {
  return state_.with([](const State& state) {
    return state.active->bytes() + (state.frozen ? state.frozen->bytes() : 0) + state.newest_folded.bytes();
  });
}

std::size_t LiveSet::head_readings() const {
  return state_.with(
      [](const State& state) { return state.active->readings() + (state.frozen ? state.frozen->readings() : 0); });
}

}  // namespace meterhouse

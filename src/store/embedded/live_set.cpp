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

// use(begin, end) for one piece after the other.
template <class Use>
void in_pieces(std::size_t size, Use use) {
  for (std::size_t begin = 0; begin < size; begin += kApplyPiece) use(begin, std::min(begin + kApplyPiece, size));
}

ReadingFlags flags_of(const Reading& reading, Instant arrived) {
  return {arrival_class(reading.at(), arrived), ReadingStatus::ok};
}

}  // namespace

LiveSet::LiveSet() = default;

// What the active head alone decides is the rule and quick. For the rest frozen head and segments are asked once a
// batch, not once a channel or reading: clients that send what is years late do so by the million.
Result<AppendCounts> LiveSet::apply(std::span<const Reading> batch, Instant arrived) {
  AppendCounts counts;
  std::int64_t newest = 0;
  for (const Reading& reading : batch) newest = std::max(newest, epoch_seconds(reading.at()));
  if (!batch.empty()) note_newest(static_cast<std::uint64_t>(newest));
  Readings unknown;
  Readings older;
  apply_known(batch, arrived, counts, unknown, older);
  Status result;
  if (!unknown.empty()) {
    std::ranges::stable_sort(unknown, {}, [](const Reading* reading) { return reading->key(); });
    result = add_channels(unknown);
    apply_added(unknown, arrived, counts, older);
  }
  if (!older.empty()) {
    // Stable: of two readings at one place the first to arrive stays.
    std::ranges::stable_sort(older, {}, [](const Reading* r) { return std::pair{r->key(), r->seconds()}; });
    if (auto done = apply_older(older, arrived, counts); !done) result = done;
  }
  if (!result) return result.error();
  return counts;
}

// The rest needs a look at the frozen head or the segments, and waits until no lock is held.
void LiveSet::apply_known(std::span<const Reading> batch, Instant arrived, AppendCounts& counts, Readings& unknown,
                          Readings& older) {
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
        if (put == Head::Put::unknown_channel)
          unknown.push_back(&piece[i]);
        else if (put == Head::Put::older)
          older.push_back(&piece[i]);
        else
          count(put, counts);
      }
    });
  }
}

// A head knows of each of its channels what lies outside it, and hands that on when it is folded. So the segments are
// asked only for a channel that had no reading since the start.
Status LiveSet::add_channels(const Readings& unknown) {
  std::vector<SoughtNewest> channels;
  for (const Reading* reading : unknown)
    if (channels.empty() || channels.back().key != reading->key()) channels.push_back({reading->key()});
  std::vector<SoughtNewest> asked;
  in_pieces(channels.size(), [&](std::size_t begin, std::size_t end) {
    state_.with([&](const State& state) {
      for (SoughtNewest& channel : std::span{channels}.subspan(begin, end - begin)) {
        if (state.frozen && state.frozen->has_channel(channel.key))
          channel.newest = state.frozen->newest_known(channel.key);
        else if (const auto folded = state.newest_folded.find(channel.key); folded != KeyTable::kNone)
          channel.newest = instant_from_epoch(folded);
        else
          asked.push_back(channel);
      }
    });
  });
  // Where that cannot be told, every reading of the channel is looked for outside.
  Status result = view().segments->find_newest(asked);
  in_pieces(channels.size(), [&, answer = asked.begin()](std::size_t begin, std::size_t end) mutable {
    state_.with([&](State& state) {
      for (SoughtNewest& channel : std::span{channels}.subspan(begin, end - begin)) {
        if (answer != asked.end() && answer->key == channel.key) channel.newest = (answer++)->newest;
        state.active->add_channel(channel.key, channel.newest);
      }
    });
  });
  return result;
}

// Readings of channels that were unknown.
void LiveSet::apply_added(const Readings& unknown, Instant arrived, AppendCounts& counts, Readings& older) {
  in_pieces(unknown.size(), [&](std::size_t begin, std::size_t end) {
    state_.with([&](State& state) {
      for (const Reading* reading : std::span{unknown}.subspan(begin, end - begin)) {
        const Head::Put put = state.active->put(*reading, flags_of(*reading, arrived));
        if (put == Head::Put::older)
          older.push_back(reading);
        else
          count(put, counts);
      }
    });
  });
}

// Readings that are not in the active head, by channel and instant.
Status LiveSet::apply_older(const Readings& older, Instant arrived, AppendCounts& counts) {
  std::vector<SoughtPlace> places;
  places.reserve(older.size());
  for (const Reading* reading : older) places.push_back({reading->key(), reading->at()});
  Status result = find_outside(places);
  in_pieces(older.size(), [&](std::size_t begin, std::size_t end) {
    state_.with([&](State& state) {
      for (std::size_t i = begin; i < end; ++i) {
        const Reading& reading = *older[i];
        const ReadingFlags flags = flags_of(reading, arrived);
        if (places[i].stands) {
          ++(*places[i].stands == reading.register_value() ? counts.duplicate : counts.conflict);
        } else if (i > 0 && places[i - 1].key == places[i].key && places[i - 1].at == places[i].at) {
          count(state.active->put(reading, flags), counts);  // repeats the one before
        } else {
          state.active->insert(reading, flags);
          ++counts.accepted;
        }
      }
    });
  });
  return result;
}

Status LiveSet::find_outside(std::span<SoughtPlace> places) const {
  const LiveView now = view();
  Status result = now.segments->find(places);
  if (!now.frozen) return result;
  for (SoughtPlace& place : places) {
    if (place.stands) continue;
    const auto found = slice(now.frozen->run(place.key), {place.at, place.at});
    if (!found.empty()) place.stands = found.front().value();
  }
  return result;
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

#include "store/embedded/live_set.h"

#include <algorithm>

#include "base/check.h"

namespace meterhouse {
namespace {

// Readings applied under one hold of the lock: about 20 µs, for which a reader may have to wait.
constexpr std::size_t kApplyPiece = 512;
// Lookups in flight: each is two cache misses with many meters, and the processor waits for about ten at a time.
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
  std::vector<const Reading*> unresolved;
  apply_known(batch, arrived, counts, unresolved);
  Status result;
  for (const Reading* reading : unresolved)
    if (auto done = apply_unresolved(*reading, flags_of(*reading, arrived), counts); !done) result = done;
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
      for (std::size_t i = 0; i < piece.size(); ++i) {
        if (i + 2 * kAhead < piece.size()) head.prefetch_table(piece[i + 2 * kAhead]);
        if (i + kAhead < piece.size()) head.prefetch_run(piece[i + kAhead]);
        const Head::Put put = head.put(piece[i], flags_of(piece[i], arrived));
        if (put == Head::Put::unknown_channel || put == Head::Put::older)
          unresolved.push_back(&piece[i]);
        else
          count(put, counts);
      }
    });
  }
}

Status LiveSet::apply_unresolved(const Reading& reading, ReadingFlags flags, AppendCounts& counts) {
  const SeriesKey key = reading.key();
  const auto put = [&] { return state_.with([&](State& state) { return state.active->put(reading, flags); }); };
  Head::Put result = put();
  if (result == Head::Put::unknown_channel) {
    const auto newest = newest_outside(key);
    if (!newest) return newest.error();
    state_.with([&](State& state) { state.active->add_channel(key, *newest); });
    result = put();
  }
  if (result != Head::Put::older) {
    count(result, counts);
    return {};
  }
  const auto value = value_outside(reading);
  if (!value) return value.error();
  if (*value) {
    ++(**value == reading.register_value() ? counts.duplicate : counts.conflict);
    return {};
  }
  state_.with([&](State& state) { state.active->insert(reading, flags); });
  ++counts.accepted;
  return {};
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

Result<std::optional<MilliWattHours>> LiveSet::value_outside(const Reading& reading) const {
  const LiveView now = view();
  if (now.frozen)
    if (const auto value = now.frozen->value_at(reading.key(), reading.at())) return value;
  return now.segments->value_at(reading.key(), reading.at());
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
  state_.with([&](State& state) {
    state.segments.swap(segments);
    if (folded == Folded::yes) state.frozen.reset();
  });
}

LiveView LiveSet::view() const {
  return state_.with([](const State& state) { return LiveView{state.active, state.frozen, state.segments}; });
}

Series LiveSet::head_readings(const LiveView& view, SeriesKey key, ReadRange range) const {
  Series series;
  if (view.frozen) append_run(series, slice(view.frozen->run(key), range));
  // The view's active head may have been frozen since; the lock costs nothing then.
  state_.with([&](const State&) {
    const auto run = slice(view.active->run(key), range);
    if (run.empty()) return;
    Series active;
    append_run(active, run);
    merge_into(series, active);
  });
  return series;
}

std::vector<SeriesKey> LiveSet::head_keys(const LiveView& view, KeyRange keys) const {
  std::vector<SeriesKey> all = state_.with([&](const State&) { return view.active->sorted_keys(keys); });
  if (!view.frozen) return all;
  const auto frozen = view.frozen->sorted_keys(keys);
  const auto middle = static_cast<std::ptrdiff_t>(all.size());
  all.insert(all.end(), frozen.begin(), frozen.end());
  std::inplace_merge(all.begin(), all.begin() + middle, all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

std::size_t LiveSet::active_readings() const {
  return state_.with([](const State& state) { return state.active->readings(); });
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

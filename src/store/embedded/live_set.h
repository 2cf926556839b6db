#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/guarded.h"
#include "store/embedded/head.h"
#include "store/embedded/segment_set.h"
#include "store/readings.h"

namespace meterhouse {

// What never changes of the readings at one moment: all but the active head, which is written to.
struct LiveView {
  std::shared_ptr<const Head> frozen;  // set aside and being folded; null: none
  std::shared_ptr<const SegmentSet> segments;
};

// What is known of a channel at one moment.
struct LiveChannel {
  Series heads;  // its readings in both heads
  std::shared_ptr<const SegmentSet> segments;
};

// The readings as they stand: active head, frozen head, segments. Decides what is a duplicate and what a conflict.
//   threads  apply and freeze: one at a time, in the order of the journal; publish: one, the folder; the rest: any
class LiveSet {
 public:
  LiveSet();

  // Takes in readings that are durable already.
  //   errors  corruption, io: a segment that might hold an equal instant could not be read. All of it is in; what could
  //           not be compared counts as accepted, and is behind what the segment has at its instant
  Result<AppendCounts> apply(std::span<const Reading> batch, Instant arrived);

  // Sets the active head aside and begins an empty one. No frozen head may be there (MH_CHECK).
  void freeze();
  // Replaces the segments and, with Folded::yes, lets go of the frozen head, in one step.
  enum class Folded : std::uint8_t { no, yes };
  void publish(std::shared_ptr<const SegmentSet> segments, Folded folded);

  LiveView view() const;
  // The heads' readings within the range; with neighbours also the nearest before and behind it, and maybe one more.
  LiveChannel channel(SeriesKey key, ReadRange range, Neighbours neighbours) const;

  std::size_t active_bytes() const;
  std::size_t head_bytes() const;  // both heads
  std::size_t head_readings() const;
  std::optional<Instant> newest() const;  // of all readings; nullopt: there is none

 private:
  friend class LiveSnapshot;

  struct State {
    std::shared_ptr<Head> active = std::make_shared<Head>();
    std::shared_ptr<const Head> frozen;
    std::shared_ptr<const SegmentSet> segments = std::make_shared<const SegmentSet>();
    KeyTable newest_folded;  // seconds of the newest reading in a segment, for the channels folded since the start
  };

  using Readings = std::vector<const Reading*>;  // of a batch
  void apply_known(std::span<const Reading> batch, Instant arrived, AppendCounts& counts, Readings& unknown,
                   Readings& older);
  Status add_channels(const Readings& unknown);
  void apply_added(const Readings& unknown, Instant arrived, AppendCounts& counts, Readings& older);
  Status apply_older(const Readings& older, Instant arrived, AppendCounts& counts);
  Status find_outside(std::span<SoughtPlace> places) const;
  void note_newest(std::uint64_t seconds);

  Guarded<State> state_;
  std::atomic<std::uint64_t> newest_ = 0;  // seconds of the newest reading, and one; 0: there is none
};

// All readings at one moment, for who goes through them channel by channel while appends, folds and merges go on. It
// copies no reading: of the active head it knows how many each channel had.
//   threads  one; ends before the LiveSet
class LiveSnapshot {
 public:
  struct Channel {  // of the heads
    SeriesKey key;
    std::uint32_t active_count;  // readings in the active head
  };

  LiveSnapshot(const LiveSet& live, KeyRange keys);
  LiveSnapshot(const LiveSnapshot&) = delete;
  LiveSnapshot& operator=(const LiveSnapshot&) = delete;
  ~LiveSnapshot();

  // The channels of `keys` that have a reading in the heads, ascending.
  const std::vector<Channel>& head_channels() const { return head_channels_; }
  // Their readings within the range.
  Series head_readings(const Channel& channel, ReadRange range) const;
  const SegmentSet& segments() const { return *segments_; }

 private:
  const LiveSet& live_;
  std::shared_ptr<Head> active_;  // maybe frozen since; behind the lock of live_
  std::shared_ptr<const Head> frozen_;
  std::shared_ptr<const SegmentSet> segments_;
  std::uint64_t moment_ = 0;  // of active_
  std::vector<Channel> head_channels_;
};

}  // namespace meterhouse

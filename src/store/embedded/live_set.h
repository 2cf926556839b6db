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

// Everything a read can find at one moment. The frozen head and the segments never change; the active head is written
// to and may only be looked at through LiveSet.
struct LiveView {
  std::shared_ptr<const Head> active;
  std::shared_ptr<const Head> frozen;  // set aside and being folded; null: none
  std::shared_ptr<const SegmentSet> segments;
};

// The readings as they stand: active head, frozen head, segments. Decides what is a duplicate and what a conflict.
//   threads  apply and freeze: one at a time, in the order of the journal; publish: one, the folder; the rest: any
class LiveSet {
 public:
  LiveSet();

  // Takes in readings that are durable already.
  //   errors  corruption, io: a segment that might hold an equal instant could not be read. Everything else is in;
  //           what could not be compared is not, until the journal is replayed
  Result<AppendCounts> apply(std::span<const Reading> batch, Instant arrived);

  // Sets the active head aside and begins an empty one. No frozen head may be there (MH_CHECK).
  void freeze();
  // Replaces the segments and, with Folded::yes, lets go of the frozen head, in one step.
  enum class Folded : std::uint8_t { no, yes };
  void publish(std::shared_ptr<const SegmentSet> segments, Folded folded);

  LiveView view() const;
  // The readings of the view's heads within the range; the two are disjoint.
  Series head_readings(const LiveView& view, SeriesKey key, ReadRange range) const;
  // The channels that have readings in the view's heads, ascending.
  std::vector<SeriesKey> head_keys(const LiveView& view, KeyRange keys) const;

  std::size_t active_readings() const;
  std::size_t active_bytes() const;
  std::size_t head_bytes() const;  // both heads
  std::size_t head_readings() const;
  std::optional<Instant> newest() const;  // of all readings; nullopt: there is none

 private:
  struct State {
    std::shared_ptr<Head> active = std::make_shared<Head>();
    std::shared_ptr<const Head> frozen;
    std::shared_ptr<const SegmentSet> segments = std::make_shared<const SegmentSet>();
    KeyTable newest_folded;  // seconds of the newest reading in a segment, for the channels folded since the start
  };

  void apply_known(std::span<const Reading> batch, Instant arrived, AppendCounts& counts,
                   std::vector<const Reading*>& unresolved);
  Status apply_channel(std::span<const Reading* const> readings, Instant arrived, AppendCounts& counts);
  Status add_channel(SeriesKey key);
  Result<std::optional<Instant>> newest_outside(SeriesKey key) const;
  Status read_outside(SeriesKey key, ReadRange range, Series& out) const;
  void note_newest(std::uint64_t seconds);

  Guarded<State> state_;
  std::atomic<std::uint64_t> newest_ = 0;  // seconds of the newest reading, and one; 0: there is none
};

}  // namespace meterhouse

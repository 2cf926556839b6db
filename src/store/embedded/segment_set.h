#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "store/embedded/manifest.h"
#include "store/embedded/segment.h"
#include "store/readings.h"

namespace meterhouse {

struct LiveSegment {
  SegmentEntry entry;
  std::shared_ptr<const Segment> segment;
};

// Whether a segment file is the one its entry in the manifest speaks of.
bool is_named_by(const SegmentEntry& entry, const SegmentInfo& info);

// A place in a channel, and the register of the reading that stands there; nullopt: none was found.
struct SoughtPlace {
  SeriesKey key;
  Instant at;
  std::optional<MilliWattHours> stands = {};
};

// A channel and the instant of its newest reading; nullopt: it has none.
struct SoughtNewest {
  SeriesKey key;
  std::optional<Instant> newest = {};
};

// The live segments at one moment, by month, then fold. Immutable: readers hold one while folds and merges make the
// next. Where blocks overlap, the lower fold wins.
class SegmentSet {
 public:
  SegmentSet() = default;
  explicit SegmentSet(std::vector<LiveSegment> segments);

  // Opens what the manifest names and compares it with what the manifest says.
  static Result<std::shared_ptr<const SegmentSet>> open(FileSystem& files, const std::string& directory,
                                                        const std::vector<SegmentEntry>& entries);

  const std::vector<LiveSegment>& all() const { return segments_; }

  // The readings within the range to those in `out`, which win where both have an instant.
  //   errors  also out_of_range: `out` would have more than `most`
  Status read_into(SeriesKey key, ReadRange range, std::size_t most, Series& out) const;
  // The newest `count` readings at or before `limit`, ascending; fewer where there are fewer.
  Status newest(SeriesKey key, Instant limit, std::size_t count, Series& out) const;
  // The oldest reading at or after `limit`; empty where there is none.
  Status oldest(SeriesKey key, Instant limit, Series& out) const;

  // The same for many places and channels at once. Each segment is asked for all of them in the order of its keys, and
  // only the blocks that reach over one of the places are decoded, one at a time: what lies between places far apart is
  // neither read nor kept.
  //   places  ascending by key, then instant; those that have a reading already stay as they are
  //   errors  corruption, io: the first one. All that could be told without what cannot be read is told
  Status find(std::span<SoughtPlace> places) const;
  //   channels  ascending by key, each once. Where a block cannot be read: kLastInstant, no reading is newer
  Status find_newest(std::span<SoughtNewest> channels) const;

 private:
  std::vector<LiveSegment> segments_;
};

}  // namespace meterhouse

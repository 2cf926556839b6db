#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "store/readings.h"

namespace meterhouse {

// A ReadingStore in a std::map, written in the plainest way: the model that the other stores are compared with, and the
// store of tests and simulations that need no disk. Nothing outlives the object; counts are exact.
//   threads  any thread; `done` and `visit` are called on the calling thread, outside the lock
//   limits   one lock, and reads copy what they answer: for some millions of readings
class MemoryReadingStore : public ReadingStore {
 public:
  // clock  tells when a reading arrives; outlives the store
  explicit MemoryReadingStore(const Clock& clock) : clock_(clock) {}

  void append(std::vector<Reading> batch, AppendDone done) override;
  void record_change(std::string change, RecordDone done) override;
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
  Result<StoreSnapshot> snapshot() override;  // unavailable: there are no files
  // Knows no months: what lies at or before the instant goes, but for the newest of each channel.
  Result<std::uint64_t> drop_before(Instant month_start) override;
  StoreStats stats() const override;
  Status close() override;

 private:
  struct Entry {
    MilliWattHours register_value;
    Arrival arrival;
  };
  using Channel = std::map<Instant, Entry>;
  struct Arrived {
    std::vector<Reading> batch;
    Instant at;
  };
  struct Contents {
    std::map<SeriesKey, Channel> channels;
    bool held = false;
    std::vector<Arrived> pending;
    std::uint64_t pending_readings = 0;
    std::uint64_t sequence = 0;
    bool closed = false;
  };

  static Series series_of(Channel::const_iterator first, Channel::const_iterator last);
  static Series series_within(const Channel& channel, ReadRange range, Neighbours neighbours);
  static Result<AppendCounts> take(Contents& contents, Arrived arrived);
  static AppendCounts apply(Contents& contents, const Arrived& arrived);
  // Every channel of `keys` that has a reading in the range.
  Result<std::vector<std::pair<SeriesKey, Series>>> snapshot(KeyRange keys, ReadRange range) const;
  Status still_open() const;

  const Clock& clock_;
  Guarded<Contents> contents_;
};

}  // namespace meterhouse

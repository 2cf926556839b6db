#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/digest.h"
#include "model/ids.h"
#include "model/reading.h"
#include "model/series.h"
#include "store/snapshot.h"

namespace meterhouse {

// What became of a batch. accepted + duplicate + conflict + pending = its size.
struct AppendCounts {
  std::uint64_t accepted = 0;
  std::uint64_t duplicate = 0;  // the same register again at an instant: no effect
  std::uint64_t conflict = 0;   // another register at an instant that has one: the first to arrive stays
  std::uint64_t pending = 0;    // durable, visible when maintenance ends
  // A store whose write is blind finds duplicates and conflicts at the fold: until then they are counted as accepted.
  enum class Exactness : std::uint8_t { exact, deferred } exactness = Exactness::exact;

  AppendCounts& operator+=(const AppendCounts& other);
  friend bool operator==(const AppendCounts&, const AppendCounts&) = default;
};

// Called once, from a thread of the store; must not block. Not called at all only where the process dies.
using AppendDone = std::function<void(Result<AppendCounts>)>;
using RecordDone = std::function<void(Status)>;

// Whether read() also returns the nearest reading before the range and the nearest after it, however far away they lie:
// between them a boundary without a reading is interpolated.
enum class Neighbours : std::uint8_t { without, with };

// Both ends included: a reading at 00:00 closes the day before, so a day's sum needs the readings at both ends.
struct ReadRange {
  Instant from = kFirstInstant;
  Instant to = kLastInstant;
};

// [first, last], both included, in the order of SeriesKey.
struct KeyRange {
  std::uint32_t first = 0;
  std::uint32_t last = 0xFFFFFFFF;
};

struct StoreStats {
  std::uint64_t head_readings = 0;
  std::uint64_t head_bytes = 0;
  std::uint64_t journal_bytes = 0;  // not folded yet
  std::uint64_t journal_syncs = 0;
  std::uint64_t segments = 0;
  std::uint64_t segment_bytes = 0;
  std::uint64_t segment_readings = 0;
  std::uint64_t folds = 0;
  std::uint64_t merges = 0;
  bool held = false;                   // hold() without a release() that succeeded
  std::uint64_t pending_readings = 0;  // durable, taken in while held, not released yet
  // Of the newest frame of readings or changes that is durable: a watermark that only grows, over restarts too. Told
  // before a reading of that frame can be seen.
  std::uint64_t sequence = 0;
  std::optional<Instant> newest;  // the newest instant of all readings; absent where there is none
};

// What read() answers where there are more than `most`.
Error too_many_readings(SeriesKey key, std::size_t most);

// Readings and nothing else: the set of (meter, channel, instant, register), the first to arrive at an instant winning.
// Every answer depends on that set alone, not on the order, the batches, the folds or the restarts by which it came.
//   threads  any thread, unless a call says otherwise
//   errors   of every call: corruption (stored bytes fail their checksum; the message names file, offset and meter; no
//            partial answer is given), io, unavailable (the store is closed or stopped after a failed sync)
class ReadingStore {
 public:
  static constexpr std::size_t kMaxBatchReadings = 10'000;

  virtual ~ReadingStore() = default;

  // Takes a batch of readings into the store.
  //   batch    1..kMaxBatchReadings readings (MH_CHECK), in any order, repetitions allowed; that their meters are
  //            registered is the caller's business
  //   done     gets the counts, or io / no_space: the journal could not be synced,
  //            nothing is acknowledged and sending the same batch again is safe;
  //            or unavailable
  //   durable  once done is called with counts
  //            the whole batch survives a crash of process or machine;
  //            before that a crash keeps the whole batch or nothing of it
  //   visible  to every read that starts after done is called
  //   source   docs/formats/journal.md (embedded)
  virtual void append(std::vector<Reading> batch, AppendDone done) = 0;

  // The same, waiting. For tests and tools; never from an I/O thread.
  Result<AppendCounts> append_and_wait(std::vector<Reading> batch);

  // From its return on append() keeps readings as pending: as durable as any, in no answer but
  // AppendCounts::pending and the stats. That lasts through close(), crash and reopening, until release(). Already
  // held: success. After an error the store is not held; it may be at the next open.
  //   threads  any that may wait for the disk: makes a file. Waits for a release() under way
  virtual Status hold() = 0;

  // Applies everything pending in the order of arrival, each with the arrival time it came with, what comes in
  // meanwhile too, and ends holding: from its return on append() is ordinary. They become visible one after the other.
  //   progress  told now and then, on the calling thread: readings applied, of how many so far; null: nobody asks
  //   returns   what became of them; where holding, or pending readings, there are none: zero counts
  //   errors    of append(). What was applied stays; the store is held at the next open at the latest, and a second
  //             release() applies the rest: a reading applied before is then a duplicate
  //   threads   any that may wait for the disk
  using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;
  virtual Result<AppendCounts> release(const Progress& progress) = 0;

  // Keeps a catalog change beside the readings, in the order of arrival, so that a restore to a moment and a replay
  // after a crash bring it along. A store without a journal calls done with success at once.
  //   change  at most 1 MiB; opaque here; applied again at the next open unless folded, so it must be idempotent
  virtual void record_change(std::string change, RecordDone done) = 0;

  // The readings of a channel with from <= at <= to, and their neighbours where asked for, all as they stood at one
  // moment. Empty where there are none.
  //   errors  also out_of_range: there are more than `most`; memory for about that many and a month's was taken
  virtual Result<Series> read(SeriesKey key, ReadRange range, Neighbours neighbours, std::size_t most) const = 0;

  // The same, at most kMaxReadReadings: a month of readings of every second, 239 years of half-hourly ones.
  static constexpr std::size_t kMaxReadReadings = std::size_t{1} << 22;
  Result<Series> read(SeriesKey key, ReadRange range, Neighbours neighbours) const {
    return read(key, range, neighbours, kMaxReadReadings);
  }

  // The newest `count` readings, ascending; fewer where there are fewer.
  virtual Result<Series> latest(SeriesKey key, std::size_t count) const = 0;

  // Calls visit for each channel of `keys` that has a reading in the range, in the order of the keys, with those
  // readings, as all of them stood at one moment: every batch acknowledged before the call began is seen whole, none
  // that was handed over after the first visit, and one that was under way meanwhile perhaps in part. The view is valid
  // only during the call. A failed visit ends the scan with its error. A visit may call the store, but not close it.
  //   threads  visit is called on the calling thread
  using Visit = std::function<Status(SeriesKey, const SeriesView&)>;
  virtual Status scan(KeyRange keys, ReadRange range, const Visit& visit) const = 0;

  // register(to) - register(from) of each channel of `keys` that has a reading in the range, without decoding what lies
  // between where the stored block headers tell it. nullopt: a reading is missing at exactly `from` or exactly `to`, or
  // the register went backwards in between, or the store would have to decode (also to find that there is no reading at
  // all); the caller asks read() and computes. Otherwise as scan().
  using VisitTotal = std::function<Status(SeriesKey, std::optional<MilliWattHours>)>;
  virtual Status scan_totals(KeyRange keys, ReadRange range, const VisitTotal& visit) const = 0;

  // Of all readings as they stood at one moment.
  virtual Result<Digest> digest() const = 0;

  // Moves what the head holds into segments and lets go of the journal before it. Nothing to do: success at once.
  virtual Status fold() = 0;
  // Joins segments as far as the store's policy wants it. Nothing to do: success at once.
  virtual Status merge() = 0;

  // The files of the store as it stands, while appends, folds and merges go on. What was acknowledged before the call
  // is in it. Every reading of the journal up to its `sequence` is visible when it returns: a digest() called then is
  // that of the snapshot, where StoreStats::sequence is still the same afterwards.
  //   errors   unavailable also: a store that keeps no files (memory)
  //   threads  any that may wait for a fold or merge to end
  virtual Result<StoreSnapshot> snapshot() = 0;

  // Lets go of the readings of whole months, those at or before month_start, but for the newest of each channel: the
  // month that begins there is counted from it on. Fold first: what is not folded yet may stay. What comes in later for
  // a month that is gone is taken like any other. Nothing to do: success.
  //   month_start  the start of a month by the site's clock; within a month it is that of the month
  //   returns      how many readings went
  //   errors       the store's; some may have gone
  virtual Result<std::uint64_t> drop_before(Instant month_start) = 0;

  virtual StoreStats stats() const = 0;

  // Finishes what was appended, folds, and marks the store as cleanly closed. Every later call answers unavailable.
  virtual Status close() = 0;
};

}  // namespace meterhouse

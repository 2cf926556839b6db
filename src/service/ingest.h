#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "formats/reading_rows.h"
#include "service/meter_directory.h"
#include "store/readings.h"

namespace meterhouse {

// What became of the rows of one request or file, over all its batches.
struct IngestReport {
  static constexpr std::size_t kMaxErrors = 100;

  AppendCounts counts;
  std::uint64_t rejected = 0;
  std::vector<RowReject> errors;  // the first kMaxErrors, by row

  // Batches come in the order of the body.
  void add_rejects(const ParsedRows& batch);
};

// The rows whose meter is not registered become rejects, in their place among the others; the first rejects_listed of
// all are told one by one. Asks the directory once.
void reject_unregistered(ParsedRows& rows, const MeterDirectory& directory,
                         std::size_t rejects_listed = ParsedRows::kMaxRejects);

// Takes rows into the store. What waits for the store is bounded over all requests: past the bound a batch is refused,
// so that a slow disk turns into answers that say "later" and not into memory.
//   threads  any thread; never waits
class Ingest {
 public:
  static constexpr std::size_t kMaxBytesInFlight = std::size_t{64} << 20;

  struct Limits {
    std::size_t bytes_in_flight = kMaxBytesInFlight;
    std::size_t rejects_listed = ParsedRows::kMaxRejects;  // of one batch; more are counted
  };

  // Both outlive the object and the store's last call of done.
  Ingest(const MeterDirectory& directory, ReadingStore& store) : Ingest(directory, store, Limits{}) {}
  Ingest(const MeterDirectory& directory, ReadingStore& store, Limits limits)
      : directory_(directory), store_(store), limits_(limits) {}

  // Rejects the rows of meters that are not registered (in `rows`, before this returns) and appends the others as one
  // batch.
  //   rows  at most ReadingStore::kMaxBatchReadings readings (MH_CHECK); their readings move away, their rejects stay
  //   done  as ReadingStore::append calls it, or at once where nothing is left to append;
  //         unavailable, too, where too much waits already:
  //         nothing of the batch was taken, and the same batch can be sent again later.
  //         One batch is always taken, whatever the bound.
  void take(ParsedRows& rows, AppendDone done);

  std::size_t bytes_in_flight() const { return bytes_in_flight_->load(std::memory_order_relaxed); }

 private:
  bool reserve(std::size_t size_bytes);

  const MeterDirectory& directory_;
  ReadingStore& store_;
  const Limits limits_;
  // Shared with the store's callbacks: a server that is stopped hard is gone before the last of them.
  std::shared_ptr<std::atomic<std::size_t>> bytes_in_flight_ = std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace meterhouse

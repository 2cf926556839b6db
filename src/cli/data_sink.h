#pragma once

#include <condition_variable>
#include <limits>
#include <mutex>
#include <optional>

#include "cli/data_directory.h"
#include "cli/reading_sink.h"
#include "service/ingest.h"

namespace meterhouse::cli {

// Readings into a data directory that no server holds. A batch is not waited for: while the store makes it durable the
// next ones are read, and those that wait together share one sync. One thread.
class DataSink final : public ReadingSink {
 public:
  // Batches on their way to the disk at most.
  static constexpr std::size_t kMaxBatchesInFlight = 8;

  explicit DataSink(std::unique_ptr<DataDirectory> data);
  ~DataSink() override;

  Result<MeterCounts> register_meters(std::span<const NewMeter> meters) override;
  Status take(ParsedRows& batch) override;
  Result<Surroundings> around(SeriesKey key, Instant at) override;
  Status finish() override;
  AppendCounts counts() const override;

 private:
  Status wait_until_at_most(std::size_t in_flight);
  void done(const Result<AppendCounts>& counts);  // on a thread of the store

  std::unique_ptr<DataDirectory> data_;
  Ingest ingest_;
  mutable std::mutex mutex_;
  std::condition_variable landed_;
  std::size_t in_flight_ = 0;   // under mutex_, as what follows
  AppendCounts counts_;         // of the batches that are durable
  std::optional<Error> error_;  // of the first that could not be made so
};

}  // namespace meterhouse::cli

#pragma once

#include "cli/data_directory.h"
#include "cli/reading_sink.h"

namespace meterhouse::cli {

// Readings into a data directory that no server holds. One thread.
class DataSink final : public ReadingSink {
 public:
  explicit DataSink(std::unique_ptr<DataDirectory> data) : data_(std::move(data)) {}

  Result<MeterCounts> register_meters(std::span<const NewMeter> meters) override;
  Result<std::vector<RefusedReading>> take(const std::vector<Reading>& batch, AppendCounts& counts) override;
  Status finish() override { return data_->close(); }

 private:
  std::unique_ptr<DataDirectory> data_;
};

}  // namespace meterhouse::cli

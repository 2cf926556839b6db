#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/reading.h"
#include "service/registry.h"
#include "store/readings.h"

namespace meterhouse::cli {

// A reading that was refused: its place in the batch, and why.
struct RefusedReading {
  std::size_t index;
  std::string field;
  std::string reason;
};

struct MeterCounts {
  std::uint64_t registered = 0;
  std::uint64_t existed = 0;
};

// Where readings go: a server or a data directory. One thread.
class ReadingSink {
 public:
  virtual ~ReadingSink() = default;

  // Those that exist already stay as they are.
  //   errors  invalid_argument: a meter is refused (its area is not configured …); the message names the first
  virtual Result<MeterCounts> register_meters(std::span<const NewMeter> meters) = 0;

  // Takes a batch of at most ReadingStore::kMaxBatchReadings; adds what became of it to `counts`. The refused ones, in
  // order.
  virtual Result<std::vector<RefusedReading>> take(const std::vector<Reading>& batch, AppendCounts& counts) = 0;

  // Everything taken is durable. Once, at the end.
  virtual Status finish() = 0;
};

}  // namespace meterhouse::cli

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/cumulate_start.h"
#include "formats/reading_rows.h"
#include "service/registry.h"
#include "store/readings.h"

namespace meterhouse::cli {

// A meter that was not registered: its place among those given, and why.
struct RefusedMeter {
  std::size_t index = 0;
  std::string field;
  std::string reason;
};

struct MeterCounts {
  std::uint64_t registered = 0;
  std::uint64_t existed = 0;
  std::vector<RefusedMeter> refused;  // in order
};

// Where readings go: a server or a data directory. One thread.
class ReadingSink {
 public:
  virtual ~ReadingSink() = default;

  // Those that exist already stay as they are; one that is refused (its area is not configured …) holds up no other.
  virtual Result<MeterCounts> register_meters(std::span<const NewMeter> meters) = 0;

  // Takes a batch of at most ReadingStore::kMaxBatchReadings readings, which may move away. The refused ones become
  // rejects, in their place among those of the batch, all of them listed.
  //   errors  those of this batch or of one taken before: how much of them is durable, counts() tells after finish()
  virtual Status take(ParsedRows& batch) = 0;

  // The readings of a channel nearest to an instant, of those durable before the import. None: it has none, or no such
  // meter is there.
  virtual Result<Surroundings> around(SeriesKey key, Instant at) = 0;

  // Everything taken is durable, or the error tells why not. Once, at the end.
  virtual Status finish() = 0;

  // What became of the readings taken; of all of them once finish() has returned.
  virtual AppendCounts counts() const = 0;
};

}  // namespace meterhouse::cli

#pragma once

#include <atomic>

#include "base/time.h"

namespace meterhouse {

// The only source of the time of day. Any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Instant now() const override { return std::chrono::floor<Seconds>(std::chrono::system_clock::now()); }
};

// Stands still until told otherwise; for tests and the simulator.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Instant start) : now_(epoch_seconds(start)) {}
  Instant now() const override { return instant_from_epoch(now_.load()); }
  void set(Instant instant) { now_ = epoch_seconds(instant); }
  void advance(Seconds by) { now_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_;
};

}  // namespace meterhouse

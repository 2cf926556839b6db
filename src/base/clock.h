#pragma once

#include <atomic>

#include "base/time.h"

namespace meterhouse {

// The only source of time. Any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;  // the time of day
  // Since some fixed moment, never going back: for measuring how long something takes.
  virtual std::chrono::nanoseconds stopwatch() const = 0;
};

class SystemClock final : public Clock {
 public:
  Instant now() const override { return std::chrono::floor<Seconds>(std::chrono::system_clock::now()); }
  std::chrono::nanoseconds stopwatch() const override { return std::chrono::steady_clock::now().time_since_epoch(); }
};

// Stands still until told otherwise; for tests and the simulator.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Instant start) : now_(epoch_seconds(start)) {}
  Instant now() const override { return instant_from_epoch(now_.load()); }
  std::chrono::nanoseconds stopwatch() const override { return Seconds{now_.load()}; }
  void set(Instant instant) { now_ = epoch_seconds(instant); }
  void advance(Seconds by) { now_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_;
};

}  // namespace meterhouse

#pragma once

#include <mutex>
#include <utility>

namespace meterhouse {

// A value whose lock is the only way in. The callback must not block on I/O nor lead back to the same Guarded.
template <class T>
class Guarded {
 public:
  template <class... Args>
  explicit Guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

  template <class F>
  decltype(auto) with(F&& use) {
    const std::scoped_lock lock{mutex_};
    return std::forward<F>(use)(value_);
  }
  template <class F>
  decltype(auto) with(F&& use) const {
    const std::scoped_lock lock{mutex_};
    return std::forward<F>(use)(value_);
  }

 private:
  mutable std::mutex mutex_;
  T value_;
};

}  // namespace meterhouse

#pragma once

#include <atomic>
#include <cstdint>

namespace meterhouse {

// A bound on what all requests together hold. Any thread.
class Budget {
 public:
  explicit Budget(std::uint64_t total) : left_(total) {}

  bool try_take(std::uint64_t amount) {
    std::uint64_t left = left_.load(std::memory_order_relaxed);
    while (left >= amount)
      if (left_.compare_exchange_weak(left, left - amount, std::memory_order_relaxed)) return true;
    return false;
  }
  void give_back(std::uint64_t amount) { left_.fetch_add(amount, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> left_;
};

// One request's part of it, given back at the end.
class BudgetShare {
 public:
  explicit BudgetShare(Budget& budget) : budget_(budget) {}
  ~BudgetShare() { budget_.give_back(taken_); }
  BudgetShare(const BudgetShare&) = delete;
  BudgetShare& operator=(const BudgetShare&) = delete;

  // false: there is not that much left; what was taken before stays taken
  bool grow(std::uint64_t amount) {
    if (!budget_.try_take(amount)) return false;
    taken_ += amount;
    return true;
  }

 private:
  Budget& budget_;
  std::uint64_t taken_ = 0;
};

}  // namespace meterhouse

#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <shared_mutex>
#include <span>
#include <vector>

#include "model/ids.h"
#include "model/reading.h"

namespace meterhouse {

// Which meters are registered, in memory, so that taking in a reading costs no catalog query. A meter is never taken
// out: its readings stay readable for ever. 6 to 12 bytes a meter; what a meter is like is the catalog's to say.
//   threads  any thread; a batch takes one shared lock, and an adder holds the exclusive one for microseconds,
//            never across I/O
class MeterDirectory {
 public:
  bool contains(MeterId meter) const;

  // The positions in `readings` of those whose meter is not registered, ascending. Empty: all are.
  std::vector<std::size_t> unknown(std::span<const Reading> readings) const;

  std::size_t size() const;

  // Meters that are there already stay. Visible to every call that starts after this one returned.
  void add(std::span<const MeterId> meters);
  void add(MeterId meter) { add(std::span{&meter, 1}); }
  // Room for `count` meters, so that loading the catalog does not grow the table step by step.
  void reserve(std::size_t count);

 private:
  mutable std::shared_mutex mutex_;
  boost::unordered_flat_set<std::uint32_t> numbers_;
};

}  // namespace meterhouse

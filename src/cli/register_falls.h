#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <span>
#include <string>
#include <vector>

#include "model/reading.h"

namespace meterhouse::cli {

// Counts, row by row of a file, where a channel's register goes backwards as time goes on. Registers do that rarely (an
// exchange, a rollover, a dip); consumption taken for registers does it about every other row. One thread.
class RegisterFalls {
 public:
  void take(std::span<const Reading> readings);

  // The meters whose registers fell often: over kFew times and in over a tenth of the rows. Ascending.
  static constexpr std::uint32_t kFew = 3;
  std::vector<std::string> meters() const;

 private:
  struct Channel {
    Instant last;
    MilliWattHours value;
    std::uint32_t rows = 0;
    std::uint32_t falls = 0;
  };
  boost::unordered_flat_map<SeriesKey, Channel, std::hash<SeriesKey>> channels_;
};

}  // namespace meterhouse::cli

#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "model/reading.h"

namespace meterhouse::cli {

// The readings of a channel nearest to an instant. Where one stands exactly there, the others need not be given.
struct Surroundings {
  std::optional<Reading> before;
  std::optional<Reading> exactly;
  std::optional<Reading> after;
};

// Whether sums may begin with `first`, the register of --cumulate at the opening instant of a channel's first row. A
// START that is not the channel's own would make its register jump or fall there, and what the jump invents looks like
// any other consumption.
//   errors  invalid_argument: another register stands there, a higher one before or a lower one after; the message says
//           with which START to go on
Status check_start(const Reading& first, const Surroundings& around);

// What lies between the last register before and `first`, which no row of the file bears: "from 12 at … to 40 at …, 28
// kWh". nullopt: the register goes on where it stood, or begins here.
std::optional<std::string> step_before(const Reading& first, const Surroundings& around);

}  // namespace meterhouse::cli

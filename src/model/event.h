#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "model/ids.h"

namespace meterhouse {

// Something that happened, for whoever runs the program. Which types there are: service/events/event_log.h.
struct Event {
  std::int64_t id = 0;  // from 1, ascending in the order of writing, never given twice; 0: not written yet
  Instant at = {};
  std::string type = {};
  std::optional<MeterId> meter = {};  // the one it is about
  std::string message = {};
  std::string fields = "{}";  // a JSON object as text: the numbers and names in the message, for a program to read

  friend bool operator==(const Event&, const Event&) = default;
};

}  // namespace meterhouse

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/site_calendar.h"
#include "base/time.h"

namespace meterhouse {

// Reads the times of a body's rows. "2025-02-20T10:30:00+08:00", "…Z" and the same without an offset are read here,
// eight digits at a time and with the last date remembered (rows of a body mostly share it); every other form goes to
// parse_iso8601.
//   threads  one at a time
class InstantReader {
 public:
  explicit InstantReader(const SiteCalendar& calendar) : calendar_(calendar) {}

  enum class Fault : std::uint8_t { none, not_a_time, does_not_exist };

  struct Answer {
    Fault fault = Fault::none;
    Instant earlier;
    Instant later;  // another one than `earlier` where the local time is ambiguous
  };

  Answer read(std::string_view text);

 private:
  std::optional<std::int64_t> local_seconds(std::string_view text);
  std::optional<std::int64_t> days_of(const char* date);
  Answer read_any(std::string_view text) const;
  Answer of_local(std::int64_t local) const;

  const SiteCalendar& calendar_;
  char last_date_[11] = "1970-01-01";
  std::int64_t last_days_ = 0;
};

}  // namespace meterhouse

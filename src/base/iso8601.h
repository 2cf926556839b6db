#pragma once

#include <date/date.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace meterhouse {

// Date and time as they stand in a text: a wall-clock time and, where the text gave one, its offset from UTC.
struct WrittenTime {
  date::local_seconds local;
  std::optional<Seconds> offset;  // absent: local time of the site
  bool date_alone = false;        // the text gave no time of day: `local` is that date's midnight
};

// All that Python 3.12's datetime.fromisoformat takes: "2025-02-20T10:30:00+08:00", "2025-02-20 10:30",
// "20250220T1030Z", "2025-W08-4", a bare date (midnight), any one separator character, fractions (cut to seconds),
// offsets with seconds.
//   errors  invalid_argument: not such text
Result<WrittenTime> parse_iso8601(std::string_view text);

// "2025-02-20T10:30:00+08:00"; offset zero prints "+00:00".
std::string format_iso8601(Instant instant, Seconds offset);
void append_iso8601(std::string& out, Instant instant, Seconds offset);

// "2025-02-20" and "2025-02". errors invalid_argument.
Result<date::local_days> parse_date(std::string_view text);
Result<date::year_month> parse_year_month(std::string_view text);
std::string format_date(date::local_days day);
std::string format_year_month(date::year_month month);

}  // namespace meterhouse

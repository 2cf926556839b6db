#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "formats/reading_rows.h"
#include "model/site.h"

namespace meterhouse {

// The bodies of the first system's requests, read as it read them. Every error's message is word for word the one its
// clients know, and the checks come in its order; what stands between them (is the meter registered?) is the caller's.
//   fields   unknown ones are ignored; null and "" count as missing, 0 does not; where a name comes twice the last one
//            counts
//   errors   invalid_argument, answered with 400
//   threads  any thread; each keeps a parser for itself

// POST /meter/reading {meter_id, timestamp, reading}.
struct LegacyReading {
  MeterId meter;
  Instant at;                                    // in the future it may lie after kLastInstant
  std::optional<MilliWattHours> register_value;  // absent: not a register; told only after the meter is known
  bool in_future;
};

// errors  "Invalid JSON body", "Missing required fields", "Invalid MeterID format", "Invalid timestamp format"
Result<LegacyReading> parse_legacy_reading(std::string_view body, const SiteCalendar& calendar, Instant latest_allowed);

// The checks that come after "MeterID not registered". errors  "Invalid reading value", "Timestamp in the future"
Result<Reading> accept_legacy_reading(const LegacyReading& reading);

// POST /meter/bulk_readings [{…}, …]: the good records and the rejected ones, in one batch however long.
// errors  "Input must be a JSON list", "Exceed max bulk records limit"
Result<ParsedRows> parse_legacy_bulk(std::string_view body, const SiteCalendar& calendar, Instant latest_allowed,
                                     std::size_t max_records);

// POST /api/user/register {meter_id, region, area, dwelling_type}.
struct LegacyRegistration {
  MeterId meter;
  std::string region;
  std::string area;
  std::string dwelling_type;
};

// errors  "Empty request body", "Invalid JSON body", "Missing fields: ['region', 'area']", "MeterID must be 9 digits"
Result<LegacyRegistration> parse_legacy_registration(std::string_view body);

// The checks that come after "MeterID already registered".
//   errors  "Invalid region-area combination", "Invalid dwelling type"
Status check_legacy_registration(const LegacyRegistration& registration, const Site& site);

}  // namespace meterhouse

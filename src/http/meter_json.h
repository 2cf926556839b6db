#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/site_calendar.h"
#include "http/json_writer.h"
#include "service/registry.h"
#include "store/catalog.h"

namespace meterhouse {

// Meters as JSON, in and out.

// A meter of a request, or which of its fields is wrong and why.
struct MeterField {
  std::string field;
  std::string reason;
};
struct ParsedMeter {
  std::string meter_id;  // as it was written; empty where it was no text
  tl::expected<NewMeter, MeterField> meter;
};

struct ParsedMeters {
  bool many = false;  // an array, also where it has one element
  std::vector<ParsedMeter> meters;
};

// An object or an array of objects.
//   errors  invalid_argument: not JSON, neither of the two, an empty array; out_of_range: more than `most`
Result<ParsedMeters> parse_new_meters(std::string_view body, std::size_t most);

// errors  invalid_argument: not a JSON object of known fields with values of their kind; the message names the field
Result<MeterPatch> parse_meter_patch(std::string_view body);

void append_meter(JsonWriter& json, const Meter& meter, const SiteCalendar& calendar);

}  // namespace meterhouse

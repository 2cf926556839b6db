#include "formats/legacy_bodies.h"

#include "fuzz_target.h"
#include "rows_target.h"

using namespace meterhouse;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body = text_of(data, size);
  const RowContext context = fuzz_context(UnknownFields::ignore);
  if (const auto reading = parse_legacy_reading(body, context.calendar, context.latest_allowed))
    if (const auto accepted = accept_legacy_reading(*reading)) MH_CHECK(accepted->at() <= context.latest_allowed);
  if (const auto rows = parse_legacy_bulk(body, context.calendar, context.latest_allowed, 10))
    MH_CHECK(rows->size() <= 10 && rows->readings.size() == rows->rows.size());
  if (const auto registration = parse_legacy_registration(body))
    MH_CHECK(!check_legacy_registration(*registration, Site{}).has_value());
  return 0;
}

// A number that is read and printed is read as the same again, at every number of places.
#include "base/decimal.h"

#include "base/check.h"
#include "formats/row_decoder.h"
#include "fuzz_target.h"

using namespace meterhouse;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  for (int places = 0; places <= 18; ++places) {
    const auto value = parse_decimal(text, places);
    if (!value) continue;
    const auto again = parse_decimal(format_decimal(*value, places), places);
    MH_CHECK(again.has_value() && *again == *value);
  }
  const auto kwh = parse_register_kwh(text);
  MilliWattHours value;
  const FieldFault fault = decode_register({FieldText::Kind::string, text}, "register", value);
  MH_CHECK(kwh.has_value() == fault.reason.empty());
  if (kwh) MH_CHECK(*kwh == value);
  return 0;
}

#include "http/meter_json.h"

#include "base/check.h"
#include "fuzz_target.h"

using namespace meterhouse;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body = text_of(data, size);
  if (const auto parsed = parse_new_meters(body, 10)) {
    MH_CHECK(!parsed->meters.empty() && parsed->meters.size() <= 10);
    for (const ParsedMeter& meter : parsed->meters)
      if (meter.meter) MH_CHECK(meter.meter->id.text() == meter.meter_id);
  }
  if (const auto patch = parse_meter_patch(body); patch && patch->register_digits && *patch->register_digits)
    MH_CHECK(**patch->register_digits >= 4 && **patch->register_digits <= 9);
  return 0;
}

#include "model/energy.h"

#include "base/check.h"

namespace meterhouse {

MilliWattHours operator+(MilliWattHours a, MilliWattHours b) {
  std::int64_t sum = 0;
  MH_CHECK(!__builtin_add_overflow(a.count(), b.count(), &sum));
  return MilliWattHours{sum};
}

MilliWattHours operator-(MilliWattHours a, MilliWattHours b) {
  std::int64_t difference = 0;
  MH_CHECK(!__builtin_sub_overflow(a.count(), b.count(), &difference));
  return MilliWattHours{difference};
}

Result<MilliWattHours> parse_kwh(std::string_view text) {
  const auto value = parse_decimal(text, kKwhPlaces);
  if (!value) return value.error();
  return MilliWattHours{*value};
}

Result<MilliWattHours> parse_register_kwh(std::string_view text) {
  const auto value = parse_kwh(text);
  if (!value) return value.error();
  if (*value < MilliWattHours{0})
    return Error{Errc::out_of_range, fmt::format("a register is never negative: {}", text)};
  if (*value > kMaxRegister)
    return Error{Errc::out_of_range, fmt::format("a register is at most {} kWh: {}", format_kwh(kMaxRegister), text)};
  return *value;
}

std::string format_kwh(MilliWattHours energy) { return format_decimal(energy.count(), kKwhPlaces); }

void append_kwh(std::string& out, MilliWattHours energy) { append_decimal(out, energy.count(), kKwhPlaces); }

}  // namespace meterhouse

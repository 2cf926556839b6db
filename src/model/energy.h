#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/decimal.h"
#include "base/result.h"

namespace meterhouse {

// Energy as a fixed-point number of milliwatt-hours: 1 kWh = 1 000 000. Registers and consumption alike.
class MilliWattHours {
 public:
  constexpr MilliWattHours() = default;
  constexpr explicit MilliWattHours(std::int64_t count) : count_(count) {}
  constexpr std::int64_t count() const { return count_; }

  // Both MH_CHECK that the sum fits.
  friend MilliWattHours operator+(MilliWattHours a, MilliWattHours b);
  friend MilliWattHours operator-(MilliWattHours a, MilliWattHours b);
  MilliWattHours& operator+=(MilliWattHours other) { return *this = *this + other; }
  friend constexpr auto operator<=>(MilliWattHours, MilliWattHours) = default;

 private:
  std::int64_t count_ = 0;
};

constexpr int kKwhPlaces = 6;

// A register never shows more: below it every kWh value with 6 decimals is exact in a double, too.
constexpr MilliWattHours kMaxRegister{9'000'000'000'000'000};

// Decimal text in kWh: "123.45". errors as parse_decimal.
Result<MilliWattHours> parse_kwh(std::string_view text);
// A register: parse_kwh, and out_of_range where negative or over kMaxRegister.
Result<MilliWattHours> parse_register_kwh(std::string_view text);
std::string format_kwh(MilliWattHours energy);
void append_kwh(std::string& out, MilliWattHours energy);

}  // namespace meterhouse

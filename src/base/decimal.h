#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/int128.h"
#include "base/result.h"

namespace meterhouse {

// Decimal text as a fixed-point integer with `places` decimals (0..18), without a double in between: "123.3" with 6
// places is 123300000. More decimals round half-even, so that 123.30000000000001 is 123.3.
//   accepts  [+-]digits[.digits][e[+-]digits] as JSON and Python print numbers (also ".5", "5."), spaces nowhere
//   errors   invalid_argument: not such text (NaN, infinity, empty); out_of_range: the value does not fit
Result<std::int64_t> parse_decimal(std::string_view text, int places);

// The exact value with no more decimals than it has: 123300000 with 6 places is "123.3", 0 is "0".
std::string format_decimal(std::int64_t value, int places);
void append_decimal(std::string& out, std::int64_t value, int places);

// value / divisor rounded to the nearest integer, ties to the even one. divisor > 0.
std::int64_t divide_round_half_even(Int128 value, std::int64_t divisor);

}  // namespace meterhouse

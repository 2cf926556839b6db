// Decimal text to fixed point and back. Nearly every number that comes in has at most 18 digits and no exponent: those
// are gathered in one pass into one integer and scaled by a power of ten. All else takes the general way, which walks
// the digits without limit and rounds on the digit after the last place ("sticky" for what follows), so that a number
// of a thousand digits is as exact as a short one.
#include "base/decimal.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "base/ascii.h"
#include "base/check.h"

namespace meterhouse {
namespace {

constexpr int kMaxPlaces = 18;

constexpr auto kPowersOfTen = [] {
  std::array<std::int64_t, kMaxPlaces + 1> powers{};
  std::int64_t power = 1;
  for (auto& entry : powers) {
    entry = power;
    if (power <= std::numeric_limits<std::int64_t>::max() / 10) power *= 10;
  }
  return powers;
}();

[[gnu::cold]] Error not_decimal(std::string_view text) {
  return {Errc::invalid_argument, fmt::format("not a decimal number: '{:.40}'", text)};
}

[[gnu::cold]] Error does_not_fit(std::string_view text) {
  return {Errc::out_of_range, fmt::format("a number too large: '{:.40}'", text)};
}

// The parts of the text: digits with a point somewhere between them, and the power of ten they are multiplied by.
struct Parts {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
  std::int64_t exponent = 0;
};

std::string_view take_digits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  const auto digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

bool take_sign(std::string_view& text) {
  if (text.empty() || (text.front() != '-' && text.front() != '+')) return false;
  const bool negative = text.front() == '-';
  text.remove_prefix(1);
  return negative;
}

// Past this many the value is zero or does not fit, whatever the digits of a text of any real length.
constexpr std::int64_t kMaxExponent = 1'000'000'000;

std::optional<Parts> split(std::string_view text) {
  Parts parts;
  parts.negative = take_sign(text);
  parts.whole = take_digits(text);
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    parts.fraction = take_digits(text);
  }
  if (parts.whole.empty() && parts.fraction.empty()) return std::nullopt;
  if (!text.empty() && (text.front() == 'e' || text.front() == 'E')) {
    text.remove_prefix(1);
    const bool negative = take_sign(text);
    const auto digits = take_digits(text);
    if (digits.empty()) return std::nullopt;
    for (const char c : digits) parts.exponent = std::min(parts.exponent * 10 + (c - '0'), kMaxExponent);
    if (negative) parts.exponent = -parts.exponent;
  }
  if (!text.empty()) return std::nullopt;
  return parts;
}

Result<std::int64_t> parse_general(std::string_view text, int places) {
  const auto parts = split(text);
  if (!parts) return not_decimal(text);
  const std::size_t digits = parts->whole.size() + parts->fraction.size();
  const auto digit = [&](std::size_t i) {
    return i < parts->whole.size() ? parts->whole[i] - '0' : parts->fraction[i - parts->whole.size()] - '0';
  };
  std::size_t first = 0;
  while (first < digits && digit(first) == 0) ++first;
  if (first == digits) return 0;

  // The digits before `point` make the integer; those behind it only round.
  const auto point = static_cast<std::int64_t>(parts->whole.size()) + parts->exponent + places;
  if (point < static_cast<std::int64_t>(first)) return 0;
  if (point - static_cast<std::int64_t>(first) > 19) return does_not_fit(text);
  Uint128 magnitude = 0;
  const auto end = static_cast<std::size_t>(point);
  for (std::size_t i = first; i < end; ++i)
    magnitude = magnitude * 10 + (i < digits ? static_cast<unsigned>(digit(i)) : 0);
  if (end < digits && digit(end) >= 5) {
    bool more = digit(end) > 5;
    for (std::size_t i = end + 1; i < digits && !more; ++i) more = digit(i) != 0;
    if (more || (magnitude & 1) != 0) ++magnitude;
  }
  constexpr auto kMax = static_cast<Uint128>(std::numeric_limits<std::int64_t>::max());
  if (magnitude > kMax + (parts->negative ? 1 : 0)) return does_not_fit(text);
  const auto bits = static_cast<std::uint64_t>(magnitude);
  return static_cast<std::int64_t>(parts->negative ? ~bits + 1 : bits);
}

// Appends the digits at `p` to the value, two at a time to halve the chain of multiplications, and returns their end.
const char* read_digits(const char* p, const char* end, std::uint64_t& value) {
  while (end - p >= 2) {
    const unsigned tens = static_cast<unsigned char>(p[0]) - unsigned{'0'};
    const unsigned ones = static_cast<unsigned char>(p[1]) - unsigned{'0'};
    if (tens > 9 || ones > 9) break;
    value = value * 100 + (tens * 10 + ones);
    p += 2;
  }
  while (p != end && is_digit(*p)) value = value * 10 + static_cast<unsigned>(*p++ - '0');
  return p;
}

}  // namespace

Result<std::int64_t> parse_decimal(std::string_view text, int places) {
  MH_CHECK(places >= 0 && places <= kMaxPlaces);
  const char* p = text.data();
  const char* const end = p + text.size();
  const bool negative = p != end && *p == '-';
  p += negative ? 1 : 0;
  if (end - p > kMaxPlaces + 1) return parse_general(text, places);  // 18 digits and a point fit an int64

  const char* const start = p;
  std::uint64_t value = 0;  // 19 digits fit
  p = read_digits(p, end, value);
  const auto whole = p - start;
  std::ptrdiff_t fraction = 0;
  if (p != end && *p == '.') {
    const char* const point = p;
    p = read_digits(point + 1, end, value);
    fraction = p - point - 1;
  }
  std::int64_t scaled = 0;
  if (p != end || whole + fraction == 0 || whole + fraction > kMaxPlaces || fraction > places ||
      __builtin_mul_overflow(static_cast<std::int64_t>(value),
                             kPowersOfTen[static_cast<std::size_t>(places - fraction)], &scaled))
    return parse_general(text, places);
  return negative ? -scaled : scaled;
}

void append_decimal(std::string& out, std::int64_t value, int places) {
  MH_CHECK(places >= 0 && places <= kMaxPlaces);
  const auto bits = static_cast<std::uint64_t>(value);
  const std::uint64_t magnitude = value < 0 ? ~bits + 1 : bits;
  const auto power = static_cast<std::uint64_t>(kPowersOfTen[static_cast<std::size_t>(places)]);
  if (value < 0) out.push_back('-');
  const fmt::format_int whole{magnitude / power};
  out.append(whole.data(), whole.size());
  std::uint64_t fraction = magnitude % power;
  if (fraction == 0) return;
  int digits = places;
  for (; fraction % 10 == 0; fraction /= 10) --digits;
  const std::size_t size = out.size();
  out.resize(size + 1 + static_cast<std::size_t>(digits), '0');
  out[size] = '.';
  for (std::size_t i = out.size(); fraction != 0; fraction /= 10) out[--i] = static_cast<char>('0' + fraction % 10);
}

std::string format_decimal(std::int64_t value, int places) {
  std::string out;
  append_decimal(out, value, places);
  return out;
}

std::int64_t divide_round_half_even(Int128 value, std::int64_t divisor) {
  MH_CHECK(divisor > 0);
  Int128 quotient = value / divisor;
  Int128 rest = value % divisor;
  if (rest < 0) {  // towards minus infinity, so that the rest is never negative
    rest += divisor;
    --quotient;
  }
  const Int128 twice = rest * 2;
  if (twice > divisor || (twice == divisor && (quotient & 1) != 0)) ++quotient;
  MH_CHECK(quotient >= std::numeric_limits<std::int64_t>::min() &&
           quotient <= std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(quotient);
}

}  // namespace meterhouse

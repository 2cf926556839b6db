#include "base/decimal.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/property_test.h"

namespace meterhouse {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();

TEST(ParseDecimal, TakesWhatJsonAndPythonPrint) {
  struct Case {
    const char* text;
    int places;
    std::int64_t value;
  };
  for (const Case& c : {
           Case{"0", 6, 0},
           {"-0", 6, 0},
           {"0.0", 6, 0},
           {"000", 0, 0},
           {"123.3", 6, 123'300'000},
           {"123.30000000000001", 6, 123'300'000},
           {"+123.3", 6, 123'300'000},
           {"-123.3", 6, -123'300'000},
           {"5.", 6, 5'000'000},
           {".5", 6, 500'000},
           {"-.5", 6, -500'000},
           {"00012.5", 6, 12'500'000},
           {"1e3", 6, 1'000'000'000},
           {"1.5E+2", 6, 150'000'000},
           {"125e-3", 6, 125'000},
           {"1e-7", 6, 0},
           {"1e-999999999999999999999", 6, 0},
           {"0e999999999999999999999", 6, 0},
           {"0.0000005", 6, 0},
           {"0.00000050000000000000000000001", 6, 1},
           {"0.0000015", 6, 2},
           {"0.0000025", 6, 2},
           {"-0.0000015", 6, -2},
           {"0.9999995", 6, 1'000'000},
           {"0.99999949999999999999", 6, 999'999},
           {"9.5", 0, 10},
           {"8.5", 0, 8},
           {"9223372036854775807", 0, kMax},
           {"-9223372036854775808", 0, kMin},
           {"9223372036854.775807", 6, kMax},
           {"-9223372036854.775808", 6, kMin},
           {"9223372036854.7758074999", 6, kMax},
           {"0.000000000000000001", 18, 1},
           {"9.223372036854775807", 18, kMax},
           {"0000000000000000000000000000000000000001", 6, 1'000'000},
       }) {
    SCOPED_TRACE(c.text);
    const auto value = parse_decimal(c.text, c.places);
    ASSERT_TRUE(value.has_value()) << value.error().message;
    EXPECT_EQ(*value, c.value);
  }
}

TEST(ParseDecimal, RefusesWhatIsNoNumber) {
  for (const char* text :
       {"",   "-",   "+",     ".",    "-.",  "e5",  ".e5", "1e",       "1e+",  "1e1.5", "--1",  "+-1", "1 ",
        " 1", "1,5", "1_000", "0x10", "NaN", "nan", "inf", "Infinity", "-inf", "1.2.3", "1e5x", "１"}) {
    SCOPED_TRACE(text);
    const auto value = parse_decimal(text, 6);
    ASSERT_FALSE(value.has_value());
    EXPECT_EQ(value.error().code, Errc::invalid_argument);
  }
}

TEST(ParseDecimal, RefusesWhatDoesNotFit) {
  for (const char* text : {"9223372036854.775808", "-9223372036854.775809", "9223372036854.7758075", "1e13",
                           "1e999999999999", "99999999999999999999999999999999999999999999999999"}) {
    SCOPED_TRACE(text);
    const auto value = parse_decimal(text, 6);
    ASSERT_FALSE(value.has_value());
    EXPECT_EQ(value.error().code, Errc::out_of_range);
  }
}

TEST(FormatDecimal, PrintsNoMoreDecimalsThanThereAre) {
  struct Case {
    std::int64_t value;
    int places;
    const char* text;
  };
  for (const Case& c :
       {Case{0, 6, "0"}, Case{123'300'000, 6, "123.3"}, Case{-500'000, 6, "-0.5"}, Case{1, 6, "0.000001"},
        Case{1'000'000, 6, "1"}, Case{42, 0, "42"}, Case{kMax, 6, "9223372036854.775807"},
        Case{kMin, 6, "-9223372036854.775808"}, Case{kMin, 18, "-9.223372036854775808"}})
    EXPECT_EQ(format_decimal(c.value, c.places), c.text);
  std::string line = "kWh ";
  append_decimal(line, 1'500'000, 6);
  EXPECT_EQ(line, "kWh 1.5");
}

RC_GTEST_PROP(DecimalProperty, FormatThenParseIsTheSame, ()) {
  const auto value = *rc::gen::arbitrary<std::int64_t>();
  const auto places = *rc::gen::inRange(0, 19);
  const std::string text = format_decimal(value, places);
  RC_ASSERT(*parse_decimal(text, places) == value);
  RC_ASSERT(*parse_decimal("0000000000000000000000" + text.substr(value < 0 ? 1 : 0), places) ==
                (value == kMin ? value : std::abs(value)) ||
            value == kMin);
}

// The fast way and the general way agree: an exponent of zero forces the latter.
RC_GTEST_PROP(DecimalProperty, ExponentZeroChangesNothing, ()) {
  const auto whole = *rc::gen::inRange<std::int64_t>(0, 1'000'000'000);
  const auto fraction = *rc::gen::container<std::string>(rc::gen::inRange('0', static_cast<char>('9' + 1)));
  const std::string text = std::to_string(whole) + "." + fraction.substr(0, 30);
  RC_ASSERT(*parse_decimal(text, 6) == *parse_decimal(text + "e0", 6));
}

TEST(DivideRoundHalfEven, TiesGoToTheEvenNeighbour) {
  struct Case {
    std::int64_t value;
    std::int64_t divisor;
    std::int64_t quotient;
  };
  for (const Case& c :
       {Case{5, 2, 2}, Case{7, 2, 4}, Case{-5, 2, -2}, Case{-7, 2, -4}, Case{1, 2, 0}, Case{-1, 2, 0}, Case{3, 2, 2},
        Case{-3, 2, -2}, Case{10, 3, 3}, Case{11, 3, 4}, Case{-10, 3, -3}, Case{-11, 3, -4}, Case{0, 7, 0},
        Case{6, 3, 2}, Case{-6, 3, -2}, Case{kMax, 1, kMax}, Case{kMin, 1, kMin}})
    EXPECT_EQ(divide_round_half_even(c.value, c.divisor), c.quotient) << c.value << " / " << c.divisor;
  EXPECT_EQ(divide_round_half_even(static_cast<Int128>(kMax) * 1800, 3600), kMax / 2 + 1);
}

}  // namespace
}  // namespace meterhouse

#include "model/energy.h"

#include <gtest/gtest.h>

#include <limits>

namespace meterhouse {
namespace {

TEST(Energy, AddsAndSubtractsExactly) {
  MilliWattHours sum{100'000};
  sum += MilliWattHours{200'000};
  EXPECT_EQ(sum, *parse_kwh("0.3"));
  EXPECT_EQ(MilliWattHours{1} - MilliWattHours{3}, MilliWattHours{-2});
}

TEST(EnergyDeathTest, AnOverflowStopsTheProgram) {
  const MilliWattHours most{std::numeric_limits<std::int64_t>::max()};
  EXPECT_DEATH(static_cast<void>(most + MilliWattHours{1}), "internal error");
  EXPECT_DEATH(static_cast<void>(MilliWattHours{-2} - most), "internal error");
}

TEST(Energy, ReadsAndPrintsKilowattHours) {
  EXPECT_EQ(*parse_kwh("123.30000000000001"), MilliWattHours{123'300'000});
  EXPECT_EQ(format_kwh(MilliWattHours{123'300'000}), "123.3");
  EXPECT_EQ(format_kwh(MilliWattHours{0}), "0");
  EXPECT_EQ(format_kwh(MilliWattHours{-1'500'000}), "-1.5");
  std::string out = "=";
  append_kwh(out, MilliWattHours{1});
  EXPECT_EQ(out, "=0.000001");
}

TEST(Register, IsNeverNegativeNorPastItsBound) {
  EXPECT_EQ(*parse_register_kwh("0"), MilliWattHours{0});
  EXPECT_EQ(*parse_register_kwh("-0"), MilliWattHours{0});
  EXPECT_EQ(*parse_register_kwh("9000000000"), kMaxRegister);
  struct Case {
    const char* text;
    Errc code;
  };
  for (const Case& c :
       {Case{"-0.000001", Errc::out_of_range}, Case{"9000000000.000001", Errc::out_of_range},
        Case{"1e300", Errc::out_of_range}, Case{"NaN", Errc::invalid_argument}, Case{"", Errc::invalid_argument}}) {
    SCOPED_TRACE(c.text);
    const auto value = parse_register_kwh(c.text);
    ASSERT_FALSE(value.has_value());
    EXPECT_EQ(value.error().code, c.code);
  }
}

}  // namespace
}  // namespace meterhouse

#include "model/series.h"

#include <gtest/gtest.h>

#include <set>

#include "base/property_test.h"

namespace meterhouse {
namespace {

constexpr ReadingFlags kLate{Arrival::later, ReadingStatus::ok};

Instant at(std::int64_t seconds) { return instant_from_epoch(seconds); }

TEST(Series, FlagsAppearWithTheFirstThatIsNotNormal) {
  Series series;
  series.push_back(at(1), MilliWattHours{10});
  series.push_back(at(2), MilliWattHours{20});
  EXPECT_TRUE(series.flags.empty());
  series.push_back(at(3), MilliWattHours{30}, kLate);
  series.push_back(at(4), MilliWattHours{40});
  ASSERT_EQ(series.flags.size(), 4U);
  EXPECT_TRUE(series.flags_at(0).normal());
  EXPECT_EQ(series.flags_at(2), kLate);
  EXPECT_TRUE(series.flags_at(3).normal());
  series.clear();
  EXPECT_TRUE(series.empty());
  EXPECT_TRUE(series.flags.empty());
}

TEST(Series, ComparesFlagsByMeaning) {
  Series plain;
  plain.push_back(at(1), MilliWattHours{10});
  Series spelled = plain;
  spelled.flags.assign(1, ReadingFlags{});
  EXPECT_EQ(plain, spelled);
  spelled.flags.assign(1, kLate);
  EXPECT_FALSE(plain == spelled);
}

TEST(SeriesDeathTest, InstantsAscend) {
  Series series;
  series.push_back(at(2), MilliWattHours{10});
  EXPECT_DEATH(series.push_back(at(2), MilliWattHours{10}), "internal error");
  EXPECT_DEATH(series.push_back(at(1), MilliWattHours{10}), "internal error");
}

Series series_of(const std::set<int>& instants, std::int64_t value, ReadingFlags flags) {
  Series series;
  for (const int instant : instants) series.push_back(at(instant), MilliWattHours{value}, flags);
  return series;
}

RC_GTEST_PROP(MergeProperty, IsTheUnionAndTheFirstWins, ()) {
  const auto a = *rc::gen::container<std::set<int>>(rc::gen::inRange(0, 60));
  const auto b = *rc::gen::container<std::set<int>>(rc::gen::inRange(0, 60));
  Series expected;
  std::set<int> all = a;
  all.insert(b.begin(), b.end());
  for (const int instant : all) {
    const bool first = a.contains(instant);
    expected.push_back(at(instant), MilliWattHours{first ? 1 : 2}, first ? kLate : ReadingFlags{});
  }
  RC_ASSERT(merge(series_of(a, 1, kLate), series_of(b, 2, {})) == expected);
}

}  // namespace
}  // namespace meterhouse

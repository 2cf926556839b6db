#include "base/clock.h"

#include <gtest/gtest.h>

namespace meterhouse {
namespace {

TEST(ManualClock, StandsStillUntilTold) {
  ManualClock clock{instant_from_epoch(1'740'047'400)};
  EXPECT_EQ(clock.now(), instant_from_epoch(1'740'047'400));
  clock.advance(std::chrono::minutes{30});
  EXPECT_EQ(clock.now(), instant_from_epoch(1'740'049'200));
  clock.set(kFirstInstant);
  EXPECT_EQ(clock.now(), kFirstInstant);
}

TEST(SystemClock, TellsWholeSecondsOfTheSystem) {
  const auto before = std::chrono::floor<Seconds>(std::chrono::system_clock::now());
  const Instant now = SystemClock{}.now();
  EXPECT_LE(before, now);
  EXPECT_LE(now, std::chrono::system_clock::now());
}

TEST(TimeRange, IsHalfOpen) {
  const TimeRange range{instant_from_epoch(100), instant_from_epoch(200)};
  EXPECT_TRUE(range.contains(instant_from_epoch(100)));
  EXPECT_FALSE(range.contains(instant_from_epoch(200)));
  EXPECT_EQ(range.length(), Seconds{100});
  EXPECT_FALSE(range.empty());
  EXPECT_TRUE((TimeRange{range.to, range.from}).empty());
  EXPECT_TRUE((TimeRange{range.to, range.to}).empty());
}

}  // namespace
}  // namespace meterhouse

#include "model/reading.h"

#include <gtest/gtest.h>

#include <set>

namespace meterhouse {
namespace {

const SeriesKey kKey{MeterId::from_number(100'000'001), Channel::import_};

TEST(Reading, KeepsWhatItWasMadeOf) {
  for (const Instant at : {kFirstInstant, instant_from_epoch(1'740'018'600), kLastInstant}) {
    const Reading reading{kKey, at, kMaxRegister};
    EXPECT_EQ(reading.key(), kKey);
    EXPECT_EQ(reading.at(), at);
    EXPECT_EQ(reading.register_value(), kMaxRegister);
    EXPECT_EQ(reading, (Reading{kKey, at, kMaxRegister}));
    EXPECT_NE(reading, (Reading{kKey, at, MilliWattHours{0}}));
  }
}

TEST(ReadingDeathTest, OutOfBoundsIsOurMistake) {
  EXPECT_DEATH((Reading{kKey, kFirstInstant - Seconds{1}, MilliWattHours{0}}), "internal error");
  EXPECT_DEATH((Reading{kKey, kLastInstant + Seconds{1}, MilliWattHours{0}}), "internal error");
  EXPECT_DEATH((Reading{kKey, kFirstInstant, MilliWattHours{-1}}), "internal error");
  EXPECT_DEATH((Reading{kKey, kFirstInstant, MilliWattHours{kMaxRegister.count() + 1}}), "internal error");
}

TEST(Arrival, ClassesIncludeTheirUpperBound) {
  struct Case {
    Seconds delay;
    Arrival arrival;
  };
  using std::chrono::hours;
  for (const Case& c : {Case{Seconds{-300}, Arrival::within_1h}, Case{Seconds{0}, Arrival::within_1h},
                        Case{hours{1}, Arrival::within_1h}, Case{hours{1} + Seconds{1}, Arrival::within_24h},
                        Case{hours{24}, Arrival::within_24h}, Case{hours{24} + Seconds{1}, Arrival::within_72h},
                        Case{hours{72}, Arrival::within_72h}, Case{hours{72} + Seconds{1}, Arrival::later}}) {
    const Instant at = instant_from_epoch(1'740'018'600);
    EXPECT_EQ(to_string(arrival_class(at, at + c.delay)), to_string(c.arrival)) << c.delay.count();
  }
}

TEST(ReadingFlags, PackIntoFourBits) {
  for (std::uint8_t packed = 0; packed < 16; ++packed) {
    const ReadingFlags flags = ReadingFlags::from_packed(packed);
    EXPECT_EQ(flags.packed(), packed);
    EXPECT_EQ(flags.normal(), packed == 0);
  }
  EXPECT_TRUE(ReadingFlags{}.normal());
}

TEST(ReadingFlags, EveryNameIsDifferent) {
  std::set<std::string_view> names;
  for (std::uint8_t i = 0; i < 4; ++i) {
    names.insert(to_string(static_cast<Arrival>(i)));
    names.insert(to_string(static_cast<ReadingStatus>(i)));
  }
  EXPECT_EQ(names.size(), 8U);
}

}  // namespace
}  // namespace meterhouse

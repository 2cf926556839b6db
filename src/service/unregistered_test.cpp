#include "service/unregistered.h"

#include <gtest/gtest.h>

#include "store/contract/must.h"
#include "store/memory/memory_readings.h"

namespace meterhouse {
namespace {

MeterId id(std::uint32_t number) { return MeterId::from_number(number); }

TEST(Unregistered, AreTheMetersOfReadingsThatTheDirectoryLacks) {
  const ManualClock clock{instant_from_epoch(1'740'052'800)};
  MemoryReadingStore store{clock};
  MeterDirectory directory;
  const Instant at = clock.now() - std::chrono::hours{1};
  for (const std::uint32_t number : {1U, 2U, 3U, 9U})
    for (const Channel channel : kChannels)
      must(store.append_and_wait({Reading{{id(number), channel}, at, MilliWattHours{5}}}));
  directory.add(id(2));
  directory.add(id(4));
  EXPECT_EQ(must(find_unregistered(store, directory, {})).meters, (std::vector{id(1), id(3), id(9)}));
  EXPECT_TRUE(must(find_unregistered(store, directory, {at + Seconds{1}, kLastInstant})).none());
}

TEST(Unregistered, AreTheDifferenceOfTwoLists) {
  const std::vector with_readings{id(1), id(2), id(3)}, registered{id(2), id(7)};
  EXPECT_EQ(unregistered_among(with_readings, registered).meters, (std::vector{id(1), id(3)}));
  EXPECT_TRUE(unregistered_among({}, registered).none());
  EXPECT_EQ(unregistered_among(with_readings, {}).meters, with_readings);
}

TEST(Unregistered, AreCountedAndTheFirstNamed) {
  UnregisteredMeters some;
  some.meters = {id(1)};
  EXPECT_EQ(some.text(), "1 meter: 000000001");
  for (std::uint32_t number = 2; number <= 7; ++number) some.meters.push_back(id(number));
  EXPECT_EQ(some.text(), "7 meters: 000000001, 000000002, 000000003, 000000004, 000000005, … and 2 more");
}

}  // namespace
}  // namespace meterhouse

#include "store/memory/memory_readings.h"

#include <gtest/gtest.h>

#include "store/contract/readings_contract.h"

namespace meterhouse {
namespace {

TEST(MemoryReadings, KeepsTheFirstRegisterOfAnInstantAndWhenItArrived) {
  const SeriesKey key{MeterId::from_number(100'000'001), Channel::import_};
  const Instant noon = instant_from_epoch(1'740'000'000);
  ManualClock clock{noon + std::chrono::hours{2}};
  MemoryReadingStore store{clock};

  const auto counts = store.append_and_wait({Reading{key, noon, MilliWattHours{5}},  //
                                             Reading{key, noon, MilliWattHours{5}},  //
                                             Reading{key, noon, MilliWattHours{6}}});
  ASSERT_TRUE(counts);
  EXPECT_EQ(*counts, (AppendCounts{.accepted = 1, .duplicate = 1, .conflict = 1}));

  clock.advance(std::chrono::hours{200});
  ASSERT_TRUE(store.append_and_wait({Reading{key, noon, MilliWattHours{5}}}));
  const auto series = store.read(key, {}, Neighbours::without);
  ASSERT_TRUE(series);
  ASSERT_EQ(series->size(), 1u);
  EXPECT_EQ(series->registers[0], MilliWattHours{5});
  EXPECT_EQ(series->flags_at(0).arrival, Arrival::within_24h);
}

TEST(MemoryReadings, ABatchHasABound) {
  ManualClock clock{instant_from_epoch(0)};
  MemoryReadingStore store{clock};
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH((void)store.append_and_wait({}), "internal error");
}

// Nothing is on a disk: the place keeps its one store, and a test that closes it is at its end.
class MemoryPlace final : public ReadingStorePlace {
 public:
  ReadingStore& store() override { return store_; }
  ManualClock& clock() override { return clock_; }
  void reopen() override {}
  bool durable() const override { return false; }

 private:
  ManualClock clock_{kContractNow};
  MemoryReadingStore store_{clock_};
};

INSTANTIATE_TEST_SUITE_P(Memory, ReadingsContract,
                         testing::Values(ReadingsContractStore{"plain",
                                                               [] { return std::make_unique<MemoryPlace>(); }}));

}  // namespace
}  // namespace meterhouse

#include "store/embedded/head.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace meterhouse {
namespace {

SeriesKey key_of(std::uint32_t number) { return SeriesKey{MeterId::from_number(number), Channel::import_}; }

Reading reading(std::uint32_t meter, std::int64_t at, std::int64_t value) {
  return Reading{key_of(meter), instant_from_epoch(at), MilliWattHours{value}};
}

TEST(KeyTable, FindsWhatWasPutInWhileItGrows) {
  KeyTable table;
  for (std::uint32_t i = 0; i < 100'000; ++i) table.insert(key_of(i * 7), i);
  EXPECT_EQ(table.size(), 100'000u);
  for (std::uint32_t i = 0; i < 100'000; ++i) ASSERT_EQ(table.find(key_of(i * 7)), i);
  EXPECT_EQ(table.find(key_of(1)), KeyTable::kNone);
  table.set(key_of(7), 42);
  table.set(key_of(1), 43);
  EXPECT_EQ(table.find(key_of(7)), 42u);
  EXPECT_EQ(table.find(key_of(1)), 43u);
}

// All channels grow at about the same time: what they outgrew must be used again.
void expect_sixteen_bytes_a_reading(std::uint32_t channels, std::int64_t readings, std::int64_t from) {
  Head head;
  for (std::uint32_t c = 0; c < channels; ++c) head.add_channel(key_of(c), std::nullopt);
  for (std::int64_t i = 1; i <= readings; ++i) {
    for (std::uint32_t c = 0; c < channels; ++c) ASSERT_EQ(head.put(reading(c, i, i + c), {}), Head::Put::accepted);
    if (i >= from) {
      EXPECT_LE(head.bytes(), channels * (64 + static_cast<std::size_t>(i) * 16)) << i;
    }
  }
  for (std::uint32_t c = 0; c < channels; ++c) {
    const auto run = head.run(key_of(c));
    ASSERT_EQ(run.size(), static_cast<std::size_t>(readings));
    for (std::int64_t i = 1; i <= readings; ++i)
      ASSERT_EQ(run[static_cast<std::size_t>(i - 1)].value(), MilliWattHours{i + c});
  }
}

TEST(Head, AReadingTakesSixteenBytesHoweverManyTimesItsChannelHasGrown) {
  expect_sixteen_bytes_a_reading(40'000, 60, 1);
  // The last sizes are allocated by themselves; with so few channels the slabs kept in reserve weigh at first.
  expect_sixteen_bytes_a_reading(2'000, 1'000, 64);
}

TEST(Head, TellsDuplicateFromConflictAndKnowsWhatItCannotDecide) {
  Head head;
  EXPECT_EQ(head.put(reading(1, 1000, 5), {}), Head::Put::unknown_channel);
  head.add_channel(key_of(1), instant_from_epoch(500));
  EXPECT_EQ(head.put(reading(1, 1000, 5), {}), Head::Put::accepted);
  EXPECT_EQ(head.put(reading(1, 1000, 5), {}), Head::Put::duplicate);
  EXPECT_EQ(head.put(reading(1, 1000, 6), {}), Head::Put::conflict);
  EXPECT_EQ(head.put(reading(1, 700, 4), {}), Head::Put::accepted);
  EXPECT_EQ(head.put(reading(1, 500, 3), {}), Head::Put::older);
  EXPECT_EQ(head.put(reading(1, 400, 3), {}), Head::Put::older);
  head.insert(reading(1, 400, 3), {});
  EXPECT_EQ(head.put(reading(1, 400, 3), {}), Head::Put::duplicate);
  EXPECT_EQ(head.readings(), 3u);
  EXPECT_EQ(head.newest_known(key_of(1)), instant_from_epoch(1000));
}

TEST(Head, TheReadingAtTimeZeroOfANewChannelIsAccepted) {
  Head head;
  head.add_channel(key_of(1), std::nullopt);
  EXPECT_EQ(head.newest_known(key_of(1)), std::nullopt);
  EXPECT_EQ(head.put(reading(1, 0, 0), {}), Head::Put::accepted);
  EXPECT_EQ(head.newest_known(key_of(1)), kFirstInstant);
}

TEST(Head, KeepsTheWholeRangeOfValuesWithTheirFlags) {
  Head head;
  head.add_channel(key_of(1), std::nullopt);
  const ReadingFlags flags{Arrival::later, ReadingStatus::replaced};
  ASSERT_EQ(head.put(Reading{key_of(1), kLastInstant, kMaxRegister}, flags), Head::Put::accepted);
  const auto run = head.run(key_of(1));
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run[0].at(), kLastInstant);
  EXPECT_EQ(run[0].value(), kMaxRegister);
  EXPECT_EQ(run[0].flags(), flags);
}

TEST(Head, RunsStaySortedWhateverTheOrder) {
  Head head;
  std::map<std::uint32_t, std::map<std::int64_t, std::int64_t>> model;
  std::mt19937_64 random{7};
  for (int i = 0; i < 50'000; ++i) {
    const auto meter = static_cast<std::uint32_t>(random() % 50);
    const auto at = static_cast<std::int64_t>(random() % 2000);
    if (!head.has_channel(key_of(meter))) head.add_channel(key_of(meter), std::nullopt);
    const auto put = head.put(reading(meter, at, i), {});
    const bool fresh = model[meter].emplace(at, i).second;
    ASSERT_EQ(put, fresh ? Head::Put::accepted : Head::Put::conflict);
  }
  std::size_t total = 0;
  for (const auto& [meter, readings] : model) {
    const auto run = head.run(key_of(meter));
    ASSERT_EQ(run.size(), readings.size());
    std::size_t i = 0;
    for (const auto& [at, value] : readings) {
      EXPECT_EQ(run[i].at(), instant_from_epoch(at));
      EXPECT_EQ(run[i++].value(), MilliWattHours{value});
    }
    total += readings.size();
  }
  EXPECT_EQ(head.readings(), total);
  EXPECT_EQ(head.sorted_keys().size(), model.size());
  EXPECT_EQ(head.sorted_keys({key_of(10).packed(), key_of(19).packed()}).size(), 10u);
}

}  // namespace
}  // namespace meterhouse

#include "service/meter_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace meterhouse {
namespace {

MeterId meter(std::uint32_t number) { return MeterId::from_number(number); }

Reading reading_of(std::uint32_t number, Channel channel = Channel::import_) {
  return Reading{SeriesKey{meter(number), channel}, instant_from_epoch(1'740'000'000), MilliWattHours{1}};
}

TEST(MeterDirectory, TellsWhichReadingsOfABatchHaveNoMeter) {
  MeterDirectory directory;
  directory.add(std::vector{meter(0), meter(7), meter(999'999'999), meter(7)});
  EXPECT_EQ(directory.size(), 3u);
  EXPECT_TRUE(directory.contains(meter(0)));
  EXPECT_FALSE(directory.contains(meter(8)));

  struct Case {
    const char* name;
    std::vector<Reading> batch;
    std::vector<std::size_t> unknown;
  };
  for (const Case& c :
       {Case{"empty", {}, {}}, Case{"all known, both channels", {reading_of(7), reading_of(7, Channel::export_)}, {}},
        Case{"none known", {reading_of(1), reading_of(1), reading_of(2)}, {0, 1, 2}},
        Case{"mixed and repeated", {reading_of(7), reading_of(8), reading_of(7), reading_of(8)}, {1, 3}},
        Case{"the ends of the range", {reading_of(999'999'999), reading_of(0), reading_of(999'999'998)}, {2}}}) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(directory.unknown(c.batch), c.unknown);
  }
}

TEST(MeterDirectory, WhatWasAddedIsSeenWhileOthersAdd) {
  MeterDirectory directory;
  std::atomic<std::uint32_t> added{0};
  constexpr std::uint32_t kMeters = 20'000;
  std::thread adder{[&] {
    for (std::uint32_t number = 0; number < kMeters; ++number) {
      directory.add(meter(number));
      added.store(number + 1);
    }
  }};
  for (std::uint32_t seen = 0; seen < kMeters;) {
    seen = added.load();
    if (seen > 0) {
      ASSERT_TRUE(directory.contains(meter(seen - 1)));
    }
  }
  adder.join();
  EXPECT_EQ(directory.size(), kMeters);
}

}  // namespace
}  // namespace meterhouse

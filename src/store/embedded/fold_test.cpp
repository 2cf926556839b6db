#include "store/embedded/fold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/simulated_disk.h"
#include "store/embedded/merge.h"
#include "store/embedded/segment_writer.h"

namespace meterhouse {
namespace {

const SeriesKey kKey{MeterId::from_number(100'000'001), Channel::import_};
// In Singapore: 2025-01-01 and 2025-02-01 00:00. A reading there closes the month before.
constexpr Instant kJanuary = instant_from_epoch(1'735'660'800);
constexpr Instant kFebruary = instant_from_epoch(1'738'339'200);
constexpr std::chrono::hours kHour{1};
const std::string kDirectory = "segments";

using Readings = std::vector<std::pair<Instant, std::int64_t>>;

const SiteCalendar& singapore() {
  static const SiteCalendar calendar = SiteCalendar::of("Asia/Singapore").value();
  return calendar;
}

Result<std::vector<LiveSegment>> fold(FileSystem& files, const Readings& readings, std::uint64_t fold_sequence) {
  Head head;
  head.add_channel(kKey, std::nullopt);
  for (const auto& [at, value] : readings) head.put(Reading{kKey, at, MilliWattHours{value}}, {});
  return fold_head(files, kDirectory, head, singapore(), fold_sequence);
}

// Of the one block of the segment.
std::optional<ReadingBefore> before_of(const LiveSegment& live) {
  SegmentCursor cursor{live.segment};
  EXPECT_TRUE(cursor.next().value());
  return cursor.summary().before;
}

TEST(Fold, ABlockKnowsTheLastReadingOfTheMonthBefore) {
  SimulatedDisk disk;
  const auto live =
      fold(
          disk,
          {{kJanuary - kHour, 1}, {kJanuary, 2}, {kJanuary + kHour, 3}, {kFebruary - kHour, 8}, {kFebruary + kHour, 9}},
          1)
          .value();
  ASSERT_EQ(live.size(), 3u);
  EXPECT_EQ(before_of(live[0]), std::nullopt);
  EXPECT_EQ(before_of(live[1]), (ReadingBefore{kJanuary, MilliWattHours{2}}));
  EXPECT_EQ(before_of(live[2]), (ReadingBefore{kFebruary - kHour, MilliWattHours{8}}));
}

TEST(Merge, AJoinedBlockKnowsTheNearestReadingBeforeIt) {
  struct Case {
    const char* name;
    Readings first;
    Readings second;
    std::optional<ReadingBefore> before;
  };
  const ReadingBefore closing{kJanuary, MilliWattHours{2}};
  for (const Case& c : {
           Case{"of the first fold",
                {{kJanuary, 2}, {kJanuary + kHour, 3}},
                {{kJanuary - kHour, 1}, {kJanuary + 2 * kHour, 4}},
                closing},
           Case{"of the second fold",
                {{kJanuary - kHour, 1}, {kJanuary + kHour, 3}},
                {{kJanuary, 2}, {kJanuary + 2 * kHour, 4}},
                closing},
           Case{"of one alone", {{kJanuary + kHour, 3}}, {{kJanuary, 2}, {kJanuary + 2 * kHour, 4}}, closing},
           Case{"of none", {{kJanuary + kHour, 3}}, {{kJanuary + 2 * kHour, 4}}, std::nullopt},
       }) {
    SCOPED_TRACE(c.name);
    SimulatedDisk disk;
    const auto first = fold(disk, c.first, 1).value();
    const auto second = fold(disk, c.second, 2).value();
    const auto merged = merge_segments(disk, kDirectory, std::vector{first.back(), second.back()}, singapore());
    ASSERT_TRUE(merged) << merged.error().message;
    EXPECT_EQ(before_of(*merged), c.before);
  }
}

// Folds never write such a block; the format allows it.
TEST(Merge, WhatStoodBeforeOneBlockMayLieInsideTheJoinedOne) {
  SimulatedDisk disk;
  const auto segment = [&](std::uint64_t fold_sequence, Instant at, std::optional<ReadingBefore> before) {
    const auto name = segment_name({kJanuary, kFebruary}, singapore(), fold_sequence, fold_sequence);
    auto writer =
        SegmentWriter::create(disk, kDirectory + "/" + name, {kJanuary, kFebruary, fold_sequence, fold_sequence});
    Series series;
    series.push_back(at, MilliWattHours{7});
    EXPECT_TRUE(writer->add(kKey, series, before));
    return open_written(disk, kDirectory, name, writer->finish().value()).value();
  };
  const std::vector segments{segment(1, kJanuary + kHour, std::nullopt),
                             segment(2, kJanuary + 5 * kHour, ReadingBefore{kJanuary + 2 * kHour, MilliWattHours{6}})};
  EXPECT_EQ(before_of(merge_segments(disk, kDirectory, segments, singapore()).value()), std::nullopt);
}

TEST(Fold, TheNextTryReplacesWhatAFailedOneLeft) {
  const Readings readings{{kJanuary, 2}, {kJanuary + kHour, 3}, {kFebruary + kHour, 9}};
  for (std::uint64_t fail_at = 0;; ++fail_at) {
    SCOPED_TRACE(fail_at);
    SimulatedDisk disk;
    disk.fail_after(fail_at, Errc::no_space);
    const bool failed = !fold(disk, readings, 1);
    disk.heal();
    const auto live = fold(disk, readings, 1).value();
    std::vector<std::string> named;
    for (const LiveSegment& segment : live) named.push_back(segment.entry.name);
    EXPECT_EQ(named.size(), 3u);
    EXPECT_THAT(disk.list(kDirectory).value(), testing::UnorderedElementsAreArray(named));
    if (!failed) break;
  }
}

}  // namespace
}  // namespace meterhouse

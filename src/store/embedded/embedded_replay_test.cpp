#include "store/embedded/embedded_replay.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/testing/simulated_disk.h"
#include "store/embedded/embedded_store.h"
#include "store/embedded/manifest.h"

namespace meterhouse {
namespace {

constexpr Instant kStart = instant_from_epoch(1'740'047'400);

EmbeddedOptions options(std::vector<std::string>* changes = nullptr) {
  EmbeddedOptions options{.directory = "data", .calendar = *SiteCalendar::of("Asia/Singapore")};
  options.threads = StoreThreads::none;
  options.head_budget_bytes = std::uint64_t{1} << 20;
  options.on_change = [changes](std::string_view change) {
    if (changes != nullptr) changes->emplace_back(change);
    return Status{};
  };
  return options;
}

Reading reading(std::uint32_t meter, int half_hour, std::int64_t kwh) {
  return {SeriesKey{MeterId::from_number(meter), Channel::import_}, kStart + half_hour * Seconds{1'800},
          MilliWattHours{kwh * 1'000'000}};
}

std::vector<std::byte> frame_of(FrameKind kind, std::uint64_t sequence, Instant arrived,
                                std::span<const std::byte> payload) {
  std::vector<std::byte> frame(kFrameHeaderSize);
  frame.insert(frame.end(), payload.begin(), payload.end());
  frame.resize(frame_size(payload.size()));
  seal_frame(frame, {static_cast<std::uint32_t>(payload.size()), kind, sequence, arrived});
  return frame;
}

std::vector<std::byte> readings_frame(std::uint64_t sequence, Instant arrived, std::vector<Reading> readings) {
  return frame_of(FrameKind::readings, sequence, arrived, std::as_bytes(std::span{readings}));
}

// A store that crashed with one reading in its journal.
void make_store(SimulatedDisk& disk, const Clock& clock) {
  const auto store = EmbeddedReadingStore::open(disk, clock, options());
  ASSERT_TRUE(store.has_value()) << store.error().message;
  ASSERT_TRUE((*store)->append_and_wait({reading(100'000'001, 0, 1)}));
}

TEST(EmbeddedReplay, FramesGoOnBehindTheJournal) {
  SimulatedDisk disk;
  ManualClock clock{kStart};
  make_store(disk, clock);
  const std::string change = "a change";
  const auto change_bytes = std::as_bytes(std::span{change});
  auto replay = replay_frames_into(disk, "data");
  ASSERT_TRUE(replay.has_value()) << replay.error().message;
  ASSERT_TRUE(
      (*replay)->add(FrameStream::readings, readings_frame(71, kStart + Seconds{5}, {reading(100'000'001, 1, 2)})));
  ASSERT_TRUE((*replay)->add(FrameStream::readings, frame_of(FrameKind::end, 72, kFirstInstant, {})));
  ASSERT_TRUE((*replay)->add(FrameStream::readings, frame_of(FrameKind::change, 73, kStart, change_bytes)));
  ASSERT_TRUE(
      (*replay)->add(FrameStream::pending,
                     readings_frame(1, kStart + Seconds{9}, {reading(100'000'001, 2, 3), reading(100'000'002, 2, 4)})));
  const auto report = (*replay)->finish();
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(report->frames, 3u);
  EXPECT_EQ(report->readings, 3u);
  EXPECT_EQ(report->changes, 1u);
  ASSERT_TRUE(report->last.has_value());
  EXPECT_EQ(report->last->reading.key().meter().text(), "100000002");
  EXPECT_EQ(report->last->arrived, kStart + Seconds{9});

  disk.crash();  // it was durable
  std::vector<std::string> changes;
  const auto store = EmbeddedReadingStore::open(disk, clock, options(&changes));
  ASSERT_TRUE(store.has_value()) << store.error().message;
  EXPECT_EQ((*store)->open_report().replayed_readings, 4u);
  EXPECT_EQ(changes, std::vector<std::string>{change});
  EXPECT_EQ((*store)->read(reading(100'000'001, 0, 0).key(), {}, Neighbours::without)->size(), 3u);
  ASSERT_TRUE((*store)->append_and_wait({reading(100'000'001, 3, 9)}));
  ASSERT_TRUE((*store)->close());
}

TEST(EmbeddedReplay, ManyFramesFillSeveralFiles) {
  SimulatedDisk disk;
  ManualClock clock{kStart};
  make_store(disk, clock);
  auto replay = replay_frames_into(disk, "data");
  constexpr int kFrames = 40;
  for (int i = 1; i <= kFrames; ++i) {
    std::vector<Reading> readings;
    for (std::uint32_t meter = 0; meter < 5'000; ++meter) readings.push_back(reading(100'000'000 + meter, i, i));
    ASSERT_TRUE((*replay)->add(FrameStream::readings, readings_frame(static_cast<std::uint64_t>(i), kStart, readings)));
  }
  ASSERT_TRUE((*replay)->finish());
  EXPECT_GT(disk.list("data/journal")->size(), 1u);
  disk.crash();
  const auto store = EmbeddedReadingStore::open(disk, clock, options());
  ASSERT_TRUE(store.has_value()) << store.error().message;
  EXPECT_EQ((*store)->open_report().replayed_readings, 5'000u * kFrames + 1);
}

TEST(EmbeddedReplay, WhatIsNoFrameIsRefused) {
  SimulatedDisk disk;
  ManualClock clock{kStart};
  make_store(disk, clock);
  auto replay = replay_frames_into(disk, "data");
  auto frame = readings_frame(5, kStart, {reading(100'000'001, 1, 2)});
  frame[40] ^= std::byte{1};
  EXPECT_EQ((*replay)->add(FrameStream::readings, frame).error().code, Errc::corruption);
  EXPECT_EQ((*replay)->add(FrameStream::readings, {}).error().code, Errc::corruption);
  EXPECT_EQ((*replay)->finish()->last->arrived, kStart);
}

TEST(EmbeddedReplay, AStoreClosedInGoodOrderGetsAJournal) {
  SimulatedDisk disk;
  ManualClock clock{kStart};
  {
    const auto store = *EmbeddedReadingStore::open(disk, clock, options());
    ASSERT_TRUE(store->append_and_wait({reading(100'000'001, 0, 1)}));
    ASSERT_TRUE(store->close());
  }
  ASSERT_TRUE((*replay_frames_into(disk, "data"))->finish());
  EXPECT_TRUE(read_manifest(disk, "data/MANIFEST")->clean);  // nothing to add: as it was
  auto replay = replay_frames_into(disk, "data");
  ASSERT_TRUE((*replay)->add(FrameStream::readings, readings_frame(9, kStart, {reading(100'000'001, 1, 2)})));
  ASSERT_TRUE((*replay)->finish());
  disk.crash();
  const auto store = EmbeddedReadingStore::open(disk, clock, options());
  ASSERT_TRUE(store.has_value()) << store.error().message;
  EXPECT_EQ((*store)->open_report().replayed_readings, 1u);
  EXPECT_EQ((*store)->read(reading(100'000'001, 0, 0).key(), {}, Neighbours::without)->size(), 2u);
}

// Held, with a pending reading, ended by a crash or in good order: what was pending stays so, what comes behind it too.
TEST(EmbeddedReplay, PendingFramesWaitBehindThosePending) {
  for (const bool clean : {false, true}) {
    SCOPED_TRACE(clean);
    SimulatedDisk disk;
    ManualClock clock{kStart};
    {
      const auto store = *EmbeddedReadingStore::open(disk, clock, options());
      ASSERT_TRUE(store->append_and_wait({reading(100'000'001, 0, 1)}));
      ASSERT_TRUE(store->hold());
      ASSERT_EQ(store->append_and_wait({reading(100'000'001, 1, 2)})->pending, 1u);
      if (clean) {
        ASSERT_TRUE(store->close());
      }
    }
    auto replay = replay_frames_into(disk, "data");
    ASSERT_TRUE(replay.has_value()) << replay.error().message;
    ASSERT_TRUE((*replay)->add(FrameStream::pending, readings_frame(40, kStart, {reading(100'000'001, 2, 3)})));
    ASSERT_TRUE((*replay)->finish());
    disk.crash();
    const auto store = EmbeddedReadingStore::open(disk, clock, options());
    ASSERT_TRUE(store.has_value()) << store.error().message;
    const auto key = reading(100'000'001, 0, 0).key();
    EXPECT_EQ((*store)->stats().pending_readings, 2u);
    EXPECT_EQ((*store)->read(key, {}, Neighbours::without)->size(), 1u);
    ASSERT_EQ((*store)->release({})->accepted, 2u);
    EXPECT_EQ((*store)->read(key, {}, Neighbours::without)->size(), 3u);
  }
}

}  // namespace
}  // namespace meterhouse

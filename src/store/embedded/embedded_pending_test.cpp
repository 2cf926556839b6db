#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/testing/simulated_disk.h"
#include "store/contract/must.h"
#include "store/embedded/embedded_store.h"
#include "store/embedded/verify.h"

// Readings kept back, where the disk fails or the machine stops.

namespace meterhouse {
namespace {

constexpr Instant kStart = instant_from_epoch(1'740'052'800);  // 2025-02-20 12:00 UTC

SeriesKey key_of(std::uint32_t number) { return {MeterId::from_number(100'000'000 + number), Channel::import_}; }

Reading reading(std::uint32_t meter, std::int64_t half_hours, std::int64_t value) {
  return {key_of(meter), kStart + Seconds{1'800} * half_hours, MilliWattHours{value}};
}

EmbeddedOptions options(StoreThreads threads = StoreThreads::none) {
  EmbeddedOptions options{.directory = "data", .calendar = SiteCalendar::of("Asia/Singapore").value()};
  options.journal_file_bytes = 2'048;
  options.threads = threads;
  return options;
}

using Store = std::unique_ptr<EmbeddedReadingStore>;

Store open(SimulatedDisk& disk, ManualClock& clock, StoreThreads threads = StoreThreads::none) {
  return must(EmbeddedReadingStore::open(disk, clock, options(threads)));
}

// Visible are meters 1 and 2 at three half-hours; pending, over several files and seconds, a batch of 20 readings of
// each of them, with a repetition and a conflict. Returns what is visible after the release.
struct Sample {
  Digest before;
  Digest after;
  std::uint64_t pending = 0;
};

Sample fill(EmbeddedReadingStore& store, ManualClock& clock) {
  Sample sample;
  const auto add = [&](Digest& digest, const Reading& r) { digest.add(r.key(), r.at(), r.register_value()); };
  const auto append = [&](const std::vector<Reading>& batch) {
    sample.pending += must(store.append_and_wait(batch)).pending;
  };
  for (std::uint32_t meter = 1; meter <= 2; ++meter)
    for (std::int64_t i = 0; i < 3; ++i) {
      append({reading(meter, i, i)});
      add(sample.before, reading(meter, i, i));
    }
  sample.after = sample.before;
  must(store.hold());
  for (std::int64_t second = 0; second < 4; ++second) {
    for (std::uint32_t meter = 1; meter <= 2; ++meter) {
      std::vector<Reading> batch{reading(meter, 0, 0), reading(meter, 1, 77)};
      for (std::int64_t i = 0; i < 20; ++i) {
        batch.push_back(reading(meter, 10 + second * 20 + i, i));
        add(sample.after, batch.back());
      }
      append(batch);
    }
    clock.advance(Seconds{1});
  }
  return sample;
}

void expect_sound(SimulatedDisk& disk) {
  const auto report = must(verify_store(disk, "data"));
  EXPECT_TRUE(report.sound()) << report.damages.front();
}

TEST(EmbeddedPending, AReleaseThatFailsAnywhereIsMadeGoodByTheNext) {
  for (const bool crash : {true, false}) {
    for (std::uint64_t operation = 0;; ++operation) {
      SCOPED_TRACE(fmt::format("operation {} fails, {}", operation, crash ? "then a crash" : "the disk was full"));
      SimulatedDisk disk{operation};
      ManualClock clock{kStart};
      Store store = open(disk, clock);
      const Sample sample = fill(*store, clock);
      ASSERT_EQ(store->stats().pending_readings, sample.pending);
      ASSERT_EQ(must(store->digest()), sample.before);
      disk.fail_after(operation, crash ? Errc::io : Errc::no_space);
      const auto released = store->release(nullptr);
      const bool failed = disk.failed();
      if (crash) {
        store.reset();
        disk.crash();
        expect_sound(disk);
        store = open(disk, clock);
      } else {
        disk.heal();
        ASSERT_EQ(!released, store->stats().held);
      }
      // A file made beforehand may have failed too: then the journal stops where it is needed, and is replayed.
      const auto retried = [&](const std::function<bool()>& done) {
        for (int attempt = 0; attempt < 3; ++attempt) {
          if (done()) return true;
          store.reset();
          store = open(disk, clock);
        }
        return false;
      };
      ASSERT_TRUE(retried([&] { return store->release(nullptr).has_value(); }));
      ASSERT_EQ(must(store->digest()), sample.after);
      ASSERT_TRUE(retried([&] { return store->append_and_wait({reading(3, 0, 0)}).has_value(); }));
      ASSERT_TRUE(retried([&] { return store->close().has_value(); }));
      store.reset();
      expect_sound(disk);
      store = open(disk, clock);
      ASSERT_EQ(must(store->read(key_of(1), {}, Neighbours::without)).size(), 3U + 80U);
      if (!failed) break;
    }
  }
}

TEST(EmbeddedPending, AHoldThatFailsAnywhereLosesNothing) {
  for (std::uint64_t operation = 0;; ++operation) {
    SCOPED_TRACE(operation);
    SimulatedDisk disk{operation};
    ManualClock clock{kStart};
    Store store = open(disk, clock);
    must(store->append_and_wait({reading(1, 0, 1)}));
    must(store->hold());
    must(store->append_and_wait({reading(1, 1, 1)}));
    must(store->release(nullptr));
    disk.fail_after(operation);
    const auto held = store->hold();
    const bool failed = disk.failed();
    disk.heal();
    if (!held) {  // it goes on as if nothing had been
      ASSERT_EQ(must(store->append_and_wait({reading(1, 2, 1)})).accepted, 1U);
      must(store->fold());
    } else {
      ASSERT_EQ(must(store->append_and_wait({reading(1, 2, 1)})).pending, 1U);
    }
    store.reset();
    disk.crash();
    expect_sound(disk);
    store = open(disk, clock);
    ASSERT_TRUE(!held || store->stats().held);
    must(store->hold());
    ASSERT_EQ(must(store->append_and_wait({reading(1, 3, 1)})).pending, 1U);
    must(store->release(nullptr));
    ASSERT_EQ(must(store->read(key_of(1), {}, Neighbours::without)).size(), 4U);
    if (!failed) break;
  }
}

// The release is through but for the manifest: from then on appends are ordinary, and whatever the disk holds is right.
TEST(EmbeddedPending, ReadingsAfterAReleaseThatCouldNotSayItHasEndedAreKept) {
  for (std::uint64_t seed = 1; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedDisk disk{seed};
    ManualClock clock{kStart};
    Store store = open(disk, clock);
    must(store->hold());
    must(store->append_and_wait({reading(1, 0, 1)}));
    const std::uint64_t frame_and_file = 2;      // the journal's frame: a write and a sync
    disk.fail_after(frame_and_file + seed % 5);  // then the manifest: open, write, sync, rename, sync of the directory
    ASSERT_FALSE(store->release(nullptr));
    disk.heal();
    EXPECT_TRUE(store->stats().held);
    EXPECT_EQ(must(store->append_and_wait({reading(1, 1, 1)})).accepted, 1U);
    if (seed % 3 == 0) {
      must(store->close());
      store.reset();
    } else if (seed % 3 == 1) {
      store.reset();
      disk.crash();
    } else {
      must(store->hold());  // ends the release first
      EXPECT_EQ(must(store->append_and_wait({reading(1, 2, 1)})).pending, 1U);
    }
    if (!store) store = open(disk, clock);
    must(store->release(nullptr));
    EXPECT_FALSE(store->stats().held);
    EXPECT_EQ(must(store->read(key_of(1), {}, Neighbours::without)).size(), seed % 3 == 2 ? 3U : 2U);
  }
}

TEST(EmbeddedPending, FramesOfOneSecondAreReleasedTogether) {
  SimulatedDisk disk;
  ManualClock clock{kStart};
  const Store store = open(disk, clock);
  must(store->hold());
  for (std::int64_t second = 0; second < 3; ++second) {
    for (std::int64_t i = 0; i < 10; ++i) must(store->append_and_wait({reading(1, second * 10 + i, i)}));
    clock.advance(Seconds{1});
  }
  const std::uint64_t before = store->stats().journal_syncs;
  EXPECT_EQ(must(store->release(nullptr)).accepted, 30U);
  EXPECT_EQ(store->stats().journal_syncs - before, 3U);
  EXPECT_THAT(disk.list("data/pending").value(), testing::IsEmpty());
}

TEST(EmbeddedPending, AFailedSyncStopsAcknowledgingPendingReadingsToo) {
  SimulatedDisk disk;
  ManualClock clock{kStart};
  int failures = 0;
  EmbeddedOptions with_hook = options();
  with_hook.on_failure = [&](const Error&) { ++failures; };
  Store store = must(EmbeddedReadingStore::open(disk, clock, std::move(with_hook)));
  must(store->hold());
  disk.fail_after(1);
  EXPECT_EQ(code_of(store->append_and_wait({reading(1, 0, 1)})), Errc::io);
  disk.heal();
  EXPECT_EQ(failures, 1);
  EXPECT_EQ(code_of(store->append_and_wait({reading(1, 1, 1)})), Errc::unavailable);
  EXPECT_EQ(code_of(store->release(nullptr)), Errc::unavailable);
}

TEST(EmbeddedPending, ADamagedSegmentKeepsNoReleaseFromEnding) {
  SimulatedDisk disk;
  ManualClock clock{kStart};
  {
    const Store store = open(disk, clock);
    must(store->append_and_wait({reading(1, 0, 1)}));
    must(store->close());
  }
  for (const std::string& path : disk.paths()) {
    if (!path.ends_with(".segment")) continue;
    auto bytes = disk.content(path);
    bytes[18] ^= std::byte{1};  // within the first block
    disk.set_content(path, bytes);
  }
  int errors = 0;
  EmbeddedOptions with_hook = options();
  with_hook.on_background_error = [&](const Error& error) { errors += error.code == Errc::corruption ? 1 : 0; };
  const Store store = must(EmbeddedReadingStore::open(disk, clock, std::move(with_hook)));
  must(store->hold());
  must(store->append_and_wait({reading(1, 0, 2), reading(2, 0, 2)}));
  must(store->release(nullptr));
  EXPECT_EQ(errors, 1);
  EXPECT_FALSE(store->stats().held);
  EXPECT_EQ(store->stats().head_readings, 2U);
}

TEST(EmbeddedPending, ACloseEndsAReleaseUnderWay) {
  for (int round = 0; round < 20; ++round) {
    SimulatedDisk disk;
    ManualClock clock{kStart};
    Store store = open(disk, clock, StoreThreads::own);
    const Sample sample = fill(*store, clock);
    std::thread releasing{[&] {
      const auto released = store->release(nullptr);
      EXPECT_TRUE(released || released.error().code == Errc::unavailable) << released.error().message;
    }};
    must(store->close());
    releasing.join();
    expect_sound(disk);
    store = open(disk, clock, StoreThreads::own);
    must(store->release(nullptr));
    EXPECT_EQ(must(store->digest()), sample.after);
  }
}

TEST(EmbeddedPending, VerifyCountsWhatIsPending) {
  SimulatedDisk disk;
  ManualClock clock{kStart};
  Store store = open(disk, clock);
  const Sample sample = fill(*store, clock);
  for (const bool clean : {false, true}) {
    if (clean) must(store->close());
    store.reset();
    const auto report = must(verify_store(disk, "data"));
    EXPECT_TRUE(report.sound());
    EXPECT_TRUE(report.held);
    EXPECT_EQ(report.clean, clean);
    EXPECT_EQ(report.pending_frames, 8U);
    EXPECT_EQ(report.pending_readings, sample.pending);
    store = open(disk, clock);
    EXPECT_EQ(store->open_report().pending_readings, sample.pending);
  }
}

}  // namespace
}  // namespace meterhouse

#include "store/embedded/directory_snapshot.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/clock.h"
#include "base/testing/simulated_disk.h"
#include "base/testing/temporary_directory.h"
#include "store/embedded/embedded_store.h"
#include "store/embedded/snapshot_digest.h"
#include "store/embedded/verify.h"

namespace meterhouse {
namespace {

constexpr Instant kStart = instant_from_epoch(1'740'047'400);

EmbeddedOptions options(const std::string& directory) {
  EmbeddedOptions options{.directory = directory, .calendar = *SiteCalendar::of("Asia/Singapore")};
  options.threads = StoreThreads::none;
  options.head_budget_bytes = std::uint64_t{1} << 20;
  return options;
}

std::vector<Reading> batch(int from, int to) {
  std::vector<Reading> readings;
  for (; from < to; ++from)
    readings.push_back({SeriesKey{MeterId::from_number(100'000'001), Channel::import_}, kStart + from * Seconds{1'800},
                        MilliWattHours{from * 1'000}});
  return readings;
}

void lay_down(SimulatedDisk& disk, const StoreSnapshot& snapshot, const std::string& directory) {
  for (const SnapshotFile& file : snapshot.files) {
    std::vector<std::byte> bytes(file.size_bytes);
    ASSERT_TRUE(file.read(0, bytes));
    disk.set_content(directory + "/" + file.path, bytes);
  }
}

// A folded part and a part in the journal, ended by a crash or in good order.
TEST(DirectorySnapshot, OpensAsTheStore) {
  for (const bool clean : {false, true}) {
    SCOPED_TRACE(clean);
    SimulatedDisk disk;
    ManualClock clock{kStart};
    Digest digest;
    std::uint64_t frames = 0;
    {
      const auto store = *EmbeddedReadingStore::open(disk, clock, options("data"));
      ASSERT_TRUE(store->append_and_wait(batch(0, 100)));
      ASSERT_TRUE(store->fold());
      ASSERT_TRUE(store->append_and_wait(batch(100, 150)));
      digest = *store->digest();
      if (clean) {
        ASSERT_TRUE(store->close());
      }
    }
    const auto snapshot = snapshot_at_rest(disk, "data", kStart);
    ASSERT_TRUE(snapshot.has_value()) << snapshot.error().message;
    frames = snapshot->sequence;
    EXPECT_GE(frames, 2u);
    EXPECT_EQ(snapshot->taken_at, kStart);
    lay_down(disk, *snapshot, "copy");
    const auto copy = EmbeddedReadingStore::open(disk, clock, options("copy"));
    ASSERT_TRUE(copy.has_value()) << copy.error().message;
    EXPECT_EQ(*(*copy)->digest(), digest);
  }
}

TEST(DirectorySnapshot, BringsPendingReadingsAlong) {
  for (const bool clean : {false, true}) {
    SCOPED_TRACE(clean);
    SimulatedDisk disk;
    ManualClock clock{kStart};
    {
      const auto store = *EmbeddedReadingStore::open(disk, clock, options("data"));
      ASSERT_TRUE(store->hold());
      ASSERT_TRUE(store->append_and_wait(batch(0, 50)));
      if (clean) {
        ASSERT_TRUE(store->close());
      }
    }
    const auto snapshot = snapshot_at_rest(disk, "data", kStart);
    ASSERT_TRUE(snapshot.has_value()) << snapshot.error().message;
    EXPECT_GT(snapshot->pending_sequence, 0u);
    lay_down(disk, *snapshot, "copy");
    const auto copy = EmbeddedReadingStore::open(disk, clock, options("copy"));
    ASSERT_TRUE(copy.has_value()) << copy.error().message;
    EXPECT_EQ((*copy)->stats().pending_readings, 50u);
  }
}

// A copy of a store closed in good order is files alone: none lies in journal/.
TEST(DirectorySnapshot, OfACopyThatHasNoDirectoryForItsJournal) {
  const TemporaryDirectory directory;
  FileSystem& files = posix_file_system();
  const std::string data = directory.path() + "/data";
  const ManualClock clock{kStart};
  Digest digest;
  {
    const auto store = *EmbeddedReadingStore::open(files, clock, options(data));
    ASSERT_TRUE(store->append_and_wait(batch(0, 100)));
    digest = *store->digest();
    ASSERT_TRUE(store->close());
  }
  for (const char* folder : {"/journal", "/pending"}) std::filesystem::remove(data + folder);
  EXPECT_TRUE(verify_store(files, data)->sound());
  const auto snapshot = snapshot_at_rest(files, data, kStart);
  ASSERT_TRUE(snapshot.has_value()) << snapshot.error().message;
  EXPECT_EQ(*digest_of(*snapshot), digest);
}

TEST(DirectorySnapshot, DamageIsRefused) {
  SimulatedDisk disk;
  ManualClock clock{kStart};
  {
    const auto store = *EmbeddedReadingStore::open(disk, clock, options("data"));
    ASSERT_TRUE(store->append_and_wait(batch(0, 100)));
    ASSERT_TRUE(store->append_and_wait(batch(100, 150)));
  }
  EXPECT_EQ(snapshot_at_rest(disk, "elsewhere", kStart).error().code, Errc::not_found);
  const std::string journal = "data/journal/" + disk.list("data/journal")->front();
  auto bytes = disk.content(journal);
  bytes[kJournalHeaderSize + 50] ^= std::byte{1};
  disk.set_content(journal, bytes);
  EXPECT_EQ(snapshot_at_rest(disk, "data", kStart).error().code, Errc::corruption);
}

}  // namespace
}  // namespace meterhouse

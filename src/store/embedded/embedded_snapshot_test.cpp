#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "base/testing/simulated_disk.h"
#include "base/testing/temporary_directory.h"
#include "store/embedded/embedded_store.h"
#include "store/embedded/test_snapshot.h"
#include "store/embedded/verify.h"

namespace meterhouse {
namespace {

constexpr Instant kStart = instant_from_epoch(1'738'330'000);  // shortly before the end of January 2025 in Singapore
constexpr Instant kFebruary = instant_from_epoch(1'738'339'200);

Reading reading(std::int64_t half_hours) {
  return {SeriesKey{MeterId::from_number(100'000'001), Channel::import_}, kStart + Seconds{1'800} * half_hours,
          MilliWattHours{half_hours}};
}

EmbeddedOptions options(const std::string& directory) {
  EmbeddedOptions options{.directory = directory, .calendar = SiteCalendar::of("Asia/Singapore").value()};
  options.journal_file_bytes = 2'048;
  options.threads = StoreThreads::none;
  return options;
}

using Store = std::unique_ptr<EmbeddedReadingStore>;

// Segments of two months, and frames in several files of the journal and of what is pending.
void fill(EmbeddedReadingStore& store) {
  std::int64_t next = 0;
  for (int fold = 0; fold < 3; ++fold) {
    for (int i = 0; i < 8; ++i) must(store.append_and_wait({reading(next++)}));
    must(store.fold());
  }
  for (int i = 0; i < 60; ++i) must(store.append_and_wait({reading(next++)}));
  must(store.hold());
  for (int i = 0; i < 60; ++i) must(store.append_and_wait({reading(next++)}));
}

TEST(EmbeddedSnapshot, IsReadWhenTheFilesOfTheSourceAreGone) {
  const TemporaryDirectory directory;
  const ManualClock clock{kStart};
  const std::string source = directory.path() + "/source";
  const std::string target = directory.path() + "/target";
  std::filesystem::create_directories(source);
  std::filesystem::create_directories(target);
  Store store = must(EmbeddedReadingStore::open(posix_file_system(), clock, options(source)));
  fill(*store);
  const StoreSnapshot snapshot = must(store->snapshot());
  const Digest digest = must(store->digest());
  must(store->release(nullptr));
  must(store->close());
  store.reset();
  std::filesystem::remove_all(source);

  lay_down(snapshot, posix_file_system(), target);
  const auto report = must(verify_store(posix_file_system(), target));
  EXPECT_TRUE(report.sound()) << report.damages.front();
  EXPECT_EQ(report.pending_readings, 60U);
  store = must(EmbeddedReadingStore::open(posix_file_system(), clock, options(target)));
  EXPECT_EQ(must(store->digest()), digest);
  EXPECT_EQ(must(store->release(nullptr)).accepted, 60U);
}

TEST(EmbeddedSnapshot, ImmutableFilesAreTheSameInEveryOneAndNoneIsLongerThanItsContent) {
  SimulatedDisk disk;
  const ManualClock clock{kStart};
  const Store store = must(EmbeddedReadingStore::open(disk, clock, options("data")));
  std::map<std::string, std::vector<std::byte>> seen;
  std::size_t again = 0;
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 5; ++i) must(store->append_and_wait({reading(round * 40 + i)}));
    if (round % 2 == 1) must(store->fold());
    if (round == 4) must(store->merge());
    for (const SnapshotFile& file : must(store->snapshot()).files) {
      EXPECT_EQ(file.immutable, file.path.starts_with("segments/")) << file.path;
      EXPECT_TRUE(!file.path.starts_with("journal/") || file.size_bytes < 1'024) << file.path;
      if (!file.immutable) continue;
      const auto bytes = content_of(file);
      EXPECT_EQ(bytes, disk.content("data/" + file.path));
      const auto [found, fresh] = seen.emplace(file.path, bytes);
      EXPECT_EQ(found->second, bytes);
      again += fresh ? 0 : 1;
    }
  }
  EXPECT_GT(again, 2U);
}

TEST(EmbeddedRetention, ADropThatFailsAnywhereHasDroppedAllOrNothing) {
  for (std::uint64_t operation = 0;; ++operation) {
    SCOPED_TRACE(operation);
    SimulatedDisk disk{operation};
    const ManualClock clock{kStart};
    Store store = must(EmbeddedReadingStore::open(disk, clock, options("data")));
    fill(*store);
    must(store->fold());
    const Digest before = must(store->digest());
    disk.fail_after(operation);
    const auto dropped = store->drop_before(kFebruary);
    const bool failed = disk.failed();
    store.reset();
    disk.crash();
    const auto report = must(verify_store(disk, "data"));
    ASSERT_TRUE(report.sound()) << report.damages.front();
    store = must(EmbeddedReadingStore::open(disk, clock, options("data")));
    const auto left = [&] {
      return must(store->read(reading(0).key(), {kFirstInstant, kFebruary}, Neighbours::without)).size();
    };
    ASSERT_TRUE(left() == 1 || (!dropped && must(store->digest()) == before));
    must(store->drop_before(kFebruary));
    ASSERT_EQ(left(), 1U);
    ASSERT_EQ(must(store->read(reading(0).key(), {}, Neighbours::without)).size(), 84U - 5U);
    ASSERT_EQ(must(store->release(nullptr)).accepted, 60U);
    if (!failed) break;
  }
}

}  // namespace
}  // namespace meterhouse

#include "store/embedded/snapshot_digest.h"

#include <gtest/gtest.h>

#include "base/testing/simulated_disk.h"
#include "store/contract/must.h"
#include "store/contract/random.h"
#include "store/embedded/directory_snapshot.h"
#include "store/embedded/embedded_store.h"
#include "store/embedded/test_snapshot.h"

namespace meterhouse {
namespace {

constexpr Instant kStart = instant_from_epoch(1'738'330'000);  // shortly before the end of January 2025 in Singapore

EmbeddedOptions options() {
  EmbeddedOptions options{.directory = "data", .calendar = SiteCalendar::of("Asia/Singapore").value()};
  options.journal_file_bytes = 2'048;
  options.threads = StoreThreads::none;
  return options;
}

// Few instants and registers, so that duplicates and conflicts are frequent, also with what is folded.
std::vector<Reading> some_readings(Random& random) {
  std::vector<Reading> batch;
  for (std::uint64_t i = 0; i <= random.below(20); ++i) {
    const SeriesKey key{MeterId::from_number(100'000'001 + static_cast<std::uint32_t>(random.below(3))),
                        Channel::import_};
    batch.push_back({key, kStart + Seconds{1'800} * random.between(0, 60), MilliWattHours{random.between(0, 2)}});
  }
  return batch;
}

TEST(SnapshotDigest, IsThatOfTheStoreAtItsMoment) {
  Random random{test_seed()};
  SimulatedDisk disk;
  const ManualClock clock{kStart};
  auto store = must(EmbeddedReadingStore::open(disk, clock, options()));
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE(round);
    must(store->append_and_wait(some_readings(random)));
    if (random.one_in(6)) must(store->fold());
    if (random.one_in(9)) must(store->merge());
    if (random.one_in(9)) must(store->hold());
    if (random.one_in(6)) must(store->release(nullptr));
    const StoreSnapshot snapshot = must(store->snapshot());
    const Digest then = must(store->digest());
    EXPECT_EQ(must(digest_of(snapshot)), then);
    must(store->append_and_wait(some_readings(random)));
    must(store->fold());
    EXPECT_EQ(must(digest_of(snapshot)), then);
    if (!random.one_in(4)) continue;
    const Digest last = must(store->digest());
    if (random.one_in(2)) must(store->close());
    store.reset();
    EXPECT_EQ(must(digest_of(must(snapshot_at_rest(disk, "data", kStart)))), last);
    store = must(EmbeddedReadingStore::open(disk, clock, options()));
  }
}

TEST(SnapshotDigest, ShowsTheChangesThatAreNotFolded) {
  SimulatedDisk disk;
  const ManualClock clock{kStart};
  const auto store = must(EmbeddedReadingStore::open(disk, clock, options()));
  store->record_change("folded", [](const Status& done) { must(done); });
  must(store->append_and_wait({{SeriesKey{MeterId::from_number(1), Channel::import_}, kStart, MilliWattHours{1}}}));
  must(store->fold());
  store->record_change("first", [](const Status& done) { must(done); });
  store->record_change("second", [](const Status& done) { must(done); });
  std::vector<std::string> changes;
  (void)must(digest_of(must(store->snapshot()), [&](std::string_view change) {
    changes.emplace_back(change);
    return Status{};
  }));
  EXPECT_EQ(changes, (std::vector<std::string>{"first", "second"}));
}

TEST(SnapshotDigest, NamesDamage) {
  SimulatedDisk disk;
  const ManualClock clock{kStart};
  const auto store = must(EmbeddedReadingStore::open(disk, clock, options()));
  Random random{test_seed()};
  must(store->append_and_wait(some_readings(random)));
  must(store->fold());
  StoreSnapshot snapshot = must(store->snapshot());
  for (SnapshotFile& file : snapshot.files)
    if (file.immutable)
      file.read = [bytes = content_of(file)](std::uint64_t offset, std::span<std::byte> out) {
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = bytes[offset + i] ^ std::byte{1};
        return Status{};
      };
  EXPECT_EQ(code_of(digest_of(snapshot)), Errc::corruption);
}

}  // namespace
}  // namespace meterhouse

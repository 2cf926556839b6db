#include "service/backup/backup_directory.h"

#include <date/date.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/backup/shipped_journal.h"
#include "service/backup/test_backups.h"

namespace meterhouse {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Instant kStart = instant_from_epoch(1'740'047'400);  // 2025-02-20T10:30:00Z
const TestFiles kFirst{{"MANIFEST", "one segment"},
                       {"journal/journal-1", std::string(3'000, 'j')},
                       {"segments/a.segment", std::string(5'000, 'a')}};
const TestFiles kSecond{{"MANIFEST", "two segments"},
                        {"journal/journal-2", std::string(2'000, 'k')},
                        {"segments/a.segment", std::string(5'000, 'a')},
                        {"segments/b.segment", std::string(6'000, 'b')}};

class Backups : public testing::Test {
 protected:
  BackupDirectory backups() { return {disk, clock, "backups"}; }

  Result<CreatedBackup> create(const TestFiles& files, std::uint64_t sequence, StoreId store = test_store(),
                               SharedFiles shared = SharedFiles::trust) {
    const StoreSnapshot snapshot = snapshot_of(files, sequence, clock.now());
    return backups().create({.snapshot = snapshot, .store = store, .copy_catalog = catalog_of(disk, "catalog")}, shared,
                            {});
  }

  // Three backups, an hour apart.
  void make_three() {
    ASSERT_TRUE(create(kFirst, 10));
    clock.advance(Seconds{3'600});
    ASSERT_TRUE(create(kFirst, 20));
    clock.advance(Seconds{3'600});
    ASSERT_TRUE(create(kSecond, 30));
  }

  std::vector<std::string> names() {
    std::vector<std::string> names;
    const auto list = backups().list();
    EXPECT_TRUE(list.has_value());
    for (const auto& backup : *list) names.push_back(backup.name);
    return names;
  }

  SimulatedDisk disk;
  ManualClock clock{kStart};
};

const char* const kNames[] = {"backup-20250220T103000Z", "backup-20250220T113000Z", "backup-20250220T123000Z"};

TEST_F(Backups, TheNextOneCopiesOnlyWhatIsNew) {
  const auto first = create(kFirst, 10);
  ASSERT_TRUE(first.has_value()) << first.error().message;
  EXPECT_EQ(first->manifest.name, kNames[0]);
  EXPECT_EQ(first->copied_files, 4u);
  EXPECT_EQ(first->copied_bytes, 11u + 3'000 + 5'000 + 7);
  clock.advance(Seconds{3'600});
  const auto second = create(kSecond, 20);
  ASSERT_TRUE(second.has_value()) << second.error().message;
  EXPECT_EQ(second->shared_files, 1u);
  EXPECT_EQ(second->copied_bytes, 12u + 2'000 + 6'000 + 7);

  const auto list = backups().list();
  ASSERT_EQ(list->size(), 2u);
  for (const auto& backup : *list) EXPECT_EQ(backup.damage, "");
  EXPECT_EQ((*list)[1].manifest->sequence, 20u);
  EXPECT_EQ((*list)[1].manifest->files.size(), 5u);
  const auto check = backups().verify({});
  EXPECT_TRUE(check->sound());
  EXPECT_EQ(check->files, 8u);  // a.segment once
  EXPECT_EQ(text_of(disk.content("backups/segments/a.segment")), kFirst.at("segments/a.segment"));
}

TEST_F(Backups, TwoInOneSecondHaveTwoNames) {
  ASSERT_TRUE(create(kFirst, 10));
  ASSERT_TRUE(create(kFirst, 10));
  EXPECT_THAT(names(), ElementsAre(kNames[0], std::string{kNames[0]} + "-2"));
}

TEST_F(Backups, ProgressTellsEveryByte) {
  const StoreSnapshot snapshot = snapshot_of(kSecond, 1, clock.now());
  std::uint64_t last = 0;
  std::uint64_t whole = 0;
  const auto made = backups().create(
      {.snapshot = snapshot, .store = test_store(), .copy_catalog = catalog_of(disk, "catalog")}, SharedFiles::trust,
      [&](std::uint64_t done, std::uint64_t total) { return last = done, whole = total, true; });
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(last, whole);
  EXPECT_EQ(whole, 12u + 2'000 + 5'000 + 6'000);
}

TEST_F(Backups, AnotherStoresDirectoryIsRefused) {
  ASSERT_TRUE(create(kFirst, 10));
  const auto before = disk.paths();
  const auto other = create(kFirst, 10, test_store('2'));
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().code, Errc::conflict);
  EXPECT_THAT(other.error().message, HasSubstr("another store"));

  // Also where the file that says so is gone or damaged; its own store puts it right.
  disk.set_content("backups/STORE-ID", bytes_of("rubbish"));
  EXPECT_EQ(create(kFirst, 10, test_store('2')).error().code, Errc::conflict);
  EXPECT_THAT(backups().verify({})->damages, ElementsAre(HasSubstr("STORE-ID")));
  ASSERT_TRUE(create(kFirst, 11));
  EXPECT_TRUE(backups().verify({})->sound());
}

TEST_F(Backups, AStoreThatWentBackIsRefused) {
  ASSERT_TRUE(create(kFirst, 10));
  const auto older = create(kFirst, 9);
  ASSERT_FALSE(older.has_value());
  EXPECT_THAT(older.error().message, HasSubstr("later moment"));
}

TEST_F(Backups, ADirectoryWithOtherThingsIsLeftAlone) {
  disk.set_content("backups/letter.txt", bytes_of("dear"));
  const auto made = create(kFirst, 10);
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code, Errc::invalid_argument);
  EXPECT_THAT(disk.paths(), ElementsAre("backups/letter.txt"));
  ASSERT_TRUE(disk.rename("backups/letter.txt", "backups/letter.new"));
  EXPECT_FALSE(create(kFirst, 10));
  EXPECT_THAT(disk.paths(), ElementsAre("backups/letter.new"));
}

TEST_F(Backups, WhatKilledRunsLeftIsRemovedAndNothingElse) {
  ASSERT_TRUE(create(kFirst, 10));
  const std::string ours[] = {"backup-20250220T093000Z.part/MANIFEST",
                              "backup-20250220T093000Z-2.part/MANIFEST",
                              "drill.part/MANIFEST",
                              "STORE-ID.new",
                              "LAST-DRILL.new",
                              "segments/x.segment.part"};
  const std::string theirs[] = {"letter.new", "letter.part/page", "backup-list.part", "segments/letter.part"};
  const auto put = [&](const std::string& path) {
    const std::string whole = "backups/" + path;
    ASSERT_TRUE(disk.create_directories(whole.substr(0, whole.rfind('/'))));
    disk.set_content(whole, bytes_of("something"));
  };
  for (const std::string& path : ours) put(path);
  for (const std::string& path : theirs) put(path);
  clock.advance(Seconds{1});
  ASSERT_TRUE(create(kFirst, 20));
  ASSERT_TRUE(backups().prune({.newest = 1}, {}));
  for (const std::string& path : ours) EXPECT_FALSE(*disk.exists("backups/" + path)) << path;
  for (const std::string& path : theirs) EXPECT_TRUE(*disk.exists("backups/" + path)) << path;
}

TEST_F(Backups, ASegmentOfOneNameWithOtherBytesIsRefused) {
  ASSERT_TRUE(create(kFirst, 10));
  auto files = kFirst;
  files["segments/a.segment"] = std::string(4'999, 'a');
  EXPECT_EQ(create(files, 20).error().code, Errc::conflict);
  files["segments/a.segment"] = std::string(5'000, 'b');
  EXPECT_EQ(create(files, 20, test_store(), SharedFiles::reread).error().code, Errc::conflict);
  EXPECT_TRUE(backups().verify({})->sound());
}

TEST_F(Backups, ADamagedSharedFileIsCopiedAgain) {
  ASSERT_TRUE(create(kFirst, 10));
  const std::string shared = "backups/segments/a.segment";
  auto bytes = disk.content(shared);
  bytes[77] ^= std::byte{1};
  disk.set_content(shared, bytes);
  EXPECT_FALSE(backups().verify({})->sound());
  const auto made = create(kFirst, 20, test_store(), SharedFiles::reread);
  ASSERT_TRUE(made.has_value());
  EXPECT_TRUE(backups().verify({})->sound());

  disk.set_content(shared, bytes_of("cut"));  // seen without reading
  EXPECT_THAT((*backups().list())[0].damage, HasSubstr("3 bytes long"));
  clock.advance(Seconds{60});
  ASSERT_TRUE(create(kFirst, 30));
  EXPECT_TRUE(backups().verify({})->sound());
}

TEST_F(Backups, ADamagedOneIsListedByName) {
  make_three();
  disk.set_content("backups/backup-20250220T103000Z/manifest.json", bytes_of("{}"));
  ASSERT_TRUE(disk.remove("backups/backup-20250220T113000Z/manifest.json"));
  ASSERT_TRUE(disk.remove("backups/segments/b.segment"));
  const auto list = backups().list();
  ASSERT_EQ(list->size(), 3u);
  EXPECT_THAT((*list)[0].damage, HasSubstr("manifest.json: only 2 bytes"));
  EXPECT_THAT((*list)[1].damage, HasSubstr("manifest.json: missing"));
  EXPECT_THAT((*list)[2].damage, HasSubstr("b.segment: missing"));
  const auto check = backups().verify({});
  for (const auto& backup : check->backups) EXPECT_EQ(backup.damages.size(), 1u) << backup.name;
  const auto one = backups().verify(kNames[2], {});
  ASSERT_EQ(one->backups.size(), 1u);
  EXPECT_EQ(backups().verify("backup-x", {}).error().code, Errc::not_found);
}

TEST_F(Backups, AManifestUnderAnotherNameIsDamage) {
  make_three();
  disk.set_content("backups/backup-20250220T103000Z/manifest.json",
                   disk.content("backups/backup-20250220T113000Z/manifest.json"));
  EXPECT_THAT((*backups().list())[0].damage, HasSubstr("it is the manifest of backup-20250220T113000Z"));
}

TEST_F(Backups, AnyFlippedBitOfAnyFileIsFound) {
  ASSERT_TRUE(create({{"MANIFEST", "m"}, {"segments/a.segment", "aa"}}, 10));
  for (const std::string& path : disk.paths()) {
    if (path.ends_with("LOCK")) continue;
    const auto whole = disk.content(path);
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
      auto flipped = whole;
      flipped[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
      disk.set_content(path, flipped);
      const auto check = backups().verify({});
      ASSERT_TRUE(check.has_value());
      ASSERT_FALSE(check->sound()) << path << " bit " << bit;
    }
    disk.set_content(path, whole);
  }
  EXPECT_TRUE(backups().verify({})->sound());
}

TEST_F(Backups, PruneKeepsTheNewestAndWhatTheyNeed) {
  make_three();
  const auto report = backups().prune({.newest = 1}, {});
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_THAT(report->removed, ElementsAre(kNames[0], kNames[1]));
  EXPECT_THAT(report->kept, ElementsAre(kNames[2]));
  EXPECT_EQ(report->removed_files, 0u);
  EXPECT_TRUE(backups().verify({})->sound());

  clock.advance(Seconds{3'600});
  ASSERT_TRUE(create({{"MANIFEST", "merged"}, {"segments/ab.segment", "ab"}}, 40));
  EXPECT_EQ(backups().prune({.newest = 1}, {})->removed_files, 2u);
  EXPECT_THAT(*disk.list("backups/segments"), ElementsAre("ab.segment"));
  EXPECT_TRUE(backups().verify({})->sound());
}

TEST_F(Backups, PruneReadsNothingWhereNothingGoesOrOneIsKnownToBeSound) {
  make_three();
  const auto never = [](std::uint64_t, std::uint64_t) { return ADD_FAILURE() << "a backup is read", true; };
  EXPECT_EQ(backups().prune({.newest = 3}, never)->kept.size(), 3u);
  EXPECT_THAT(backups().prune({.newest = 1}, never, kNames[2])->removed, ElementsAre(kNames[0], kNames[1]));
}

TEST_F(Backups, PruneByAge) {
  make_three();
  EXPECT_THAT(backups().prune({.newest = std::nullopt, .since = kStart + Seconds{3'600}}, {})->removed,
              ElementsAre(kNames[0]));
  EXPECT_THAT(backups().prune({.newest = 1, .since = kStart + Seconds{3'600}}, {})->removed, IsEmpty());
  EXPECT_THAT(backups().prune({}, {})->removed, IsEmpty());
  // However old they are, one stays.
  EXPECT_THAT(backups().prune({.newest = 0, .since = kStart + Seconds{86'400}}, {})->kept, ElementsAre(kNames[2]));
}

TEST_F(Backups, PruneByDaysCostsNoEarlierDayItsOwn) {
  const auto make = [&](int count) {
    for (; count > 0; --count, clock.advance(Seconds{60})) ASSERT_TRUE(create(kFirst, 10));
  };
  std::vector<std::string> wanted;
  for (int day = 0; day < 4; ++day) {
    make(2);
    if (day > 0) wanted.push_back(names().back());
    clock.set(kStart + date::days{day + 1});
  }
  make(30);  // on the fifth day
  const auto all = names();
  wanted.insert(wanted.end(), all.end() - std::ptrdiff_t{kKeptOfNewestDay}, all.end());
  const auto report = backups().prune({.days = 4}, {});
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(names(), wanted);
  EXPECT_THAT(backups().prune({.days = 4}, {})->removed, IsEmpty());
  EXPECT_EQ(backups().prune({.days = 1}, {})->removed.size(), 3U);
  EXPECT_EQ(names().size(), kKeptOfNewestDay);
}

// A server that ships its journal begins a piece, or is about to name one, whenever anybody looks at the disk.
class ShippedMeanwhile final : public FileSystem {
 public:
  explicit ShippedMeanwhile(SimulatedDisk& disk) : disk_(disk) {}

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    return ship(), disk_.open(path, mode);
  }
  Status rename(const std::string& from, const std::string& to) override { return disk_.rename(from, to); }
  Status remove(const std::string& path) override { return disk_.remove(path); }
  Status sync_directory(const std::string& path) override { return disk_.sync_directory(path); }
  Status create_directories(const std::string& path) override { return disk_.create_directories(path); }
  Result<std::vector<std::string>> list(const std::string& directory) const override {
    auto names = disk_.list(directory);
    ship();
    return names;
  }
  Result<bool> exists(const std::string& path) const override { return disk_.exists(path); }
  Result<std::unique_ptr<Lock>> lock(const std::string& path) override { return disk_.lock(path); }

 private:
  void ship() const {
    for (const auto stream : {FrameStream::readings, FrameStream::pending}) {
      const auto path = "backups/journal/" + piece_name(stream, next_++);
      disk_.set_content(path, bytes_of("frames"));
      disk_.set_content(path + ".part", bytes_of("frames"));
    }
  }

  SimulatedDisk& disk_;
  mutable std::uint64_t next_ = 31;
};

TEST_F(Backups, PruneLeavesWhatIsShippedMeanwhile) {
  make_three();
  ASSERT_TRUE(disk.create_directories("backups/journal"));
  for (const std::uint64_t first : {5, 11, 21, 31})
    disk.set_content("backups/journal/" + piece_name(FrameStream::readings, first), bytes_of("frames"));
  ShippedMeanwhile shipped{disk};
  ASSERT_TRUE((BackupDirectory{shipped, clock, "backups"}.prune({.newest = 1}, {})));
  const auto left = *disk.list("backups/journal");
  std::uint64_t expected = 31;
  for (const std::string& name : left)
    if (const auto piece = parse_piece_name(name); piece && piece->stream == FrameStream::readings) {
      EXPECT_EQ(piece->first_sequence, expected);
      expected += 2;
    }
  EXPECT_GT(expected, 40u);
  EXPECT_EQ(std::ranges::count_if(left, [](const std::string& name) { return name.ends_with(".part"); }),
            std::ssize(left) / 2);
}

TEST_F(Backups, PruneNeverTakesTheLastSoundOne) {
  make_three();
  disk.set_content("backups/backup-20250220T123000Z/catalog.sqlite", bytes_of("CATALOG"));
  const auto report = backups().prune({.newest = 1}, {});
  EXPECT_THAT(report->removed, ElementsAre(kNames[0]));
  EXPECT_THAT(report->kept, ElementsAre(kNames[2], kNames[1]));
  disk.set_content("backups/backup-20250220T113000Z/catalog.sqlite", bytes_of("CATALOG"));
  const auto before = disk.paths();
  EXPECT_EQ(backups().prune({.newest = 1}, {}).error().code, Errc::corruption);
  EXPECT_EQ(disk.paths(), before);
}

TEST_F(Backups, PruneLeavesWhatADamagedOneMayNeed) {
  make_three();
  ASSERT_TRUE(disk.remove("backups/backup-20250220T103000Z/manifest.json"));
  disk.set_content("backups/segments/stray.segment", bytes_of("?"));
  const auto report = backups().prune({.newest = 1}, {});
  EXPECT_THAT(report->damaged, ElementsAre(kNames[0]));
  EXPECT_EQ(report->removed_files, 0u);
  EXPECT_TRUE(*disk.exists("backups/segments/stray.segment"));
}

TEST_F(Backups, OneAtATime) {
  ASSERT_TRUE(create(kFirst, 10));
  const auto held = disk.lock("backups/LOCK");
  EXPECT_EQ(create(kFirst, 20).error().code, Errc::unavailable);
  EXPECT_EQ(backups().prune({.newest = 1}, {}).error().code, Errc::unavailable);
  EXPECT_TRUE(backups().verify({})->sound());
}

// Fails, and then crashes, at every operation: what was whole stays whole, and the next run succeeds.
void fail_everywhere(bool crash, const std::function<bool(SimulatedDisk&, BackupDirectory)>& run) {
  for (std::uint64_t fail_at = 0;; ++fail_at) {
    SCOPED_TRACE(fail_at);
    SimulatedDisk disk{fail_at + 1};
    ManualClock clock{kStart};
    BackupDirectory backups{disk, clock, "backups"};
    const auto create = [&](const TestFiles& files, std::uint64_t sequence) {
      const StoreSnapshot snapshot = snapshot_of(files, sequence, clock.now());
      const BackupSource source{
          .snapshot = snapshot, .store = test_store(), .copy_catalog = catalog_of(disk, "catalog")};
      return backups.create(source, SharedFiles::trust, {}).has_value();
    };
    ASSERT_TRUE(create(kFirst, 10));
    clock.advance(Seconds{3'600});
    ASSERT_TRUE(create(kFirst, 20));
    clock.advance(Seconds{3'600});
    disk.fail_after(fail_at);
    const bool done = run(disk, backups);
    ASSERT_EQ(done, !disk.failed());
    if (crash) disk.crash();
    disk.heal();

    const auto check = backups.verify({});
    ASSERT_TRUE(check.has_value());
    ASSERT_TRUE(check->sound()) << check->backups.front().name;
    ASSERT_GE(check->backups.size(), 1u);
    clock.advance(Seconds{3'600});
    ASSERT_TRUE(create(kSecond, 40));
    const auto after = backups.verify({});
    ASSERT_TRUE(after->sound());
    ASSERT_GE(after->backups.size(), check->backups.size() + 1);
    for (const std::string& path : disk.paths()) ASSERT_THAT(path, testing::Not(HasSubstr(".part"))) << path;
    disk.crash();  // it is durable, whatever it found there
    ASSERT_TRUE(backups.verify({})->sound());
    if (done) break;
  }
}

TEST(BackupFaults, CreateIsKilledAtEveryOperation) {
  for (const bool crash : {false, true})
    fail_everywhere(crash, [](SimulatedDisk& disk, BackupDirectory backups) {
      const StoreSnapshot snapshot = snapshot_of(kSecond, 30, kStart);
      return backups
          .create({.snapshot = snapshot, .store = test_store(), .copy_catalog = catalog_of(disk, "catalog")},
                  SharedFiles::trust, {})
          .has_value();
    });
}

TEST(BackupFaults, PruneIsKilledAtEveryOperation) {
  for (const bool crash : {false, true})
    fail_everywhere(
        crash, [](SimulatedDisk&, BackupDirectory backups) { return backups.prune({.newest = 1}, {}).has_value(); });
}

TEST(BackupFaults, TheFirstOneIsKilledAtEveryOperation) {
  for (const bool crash : {false, true})
    for (std::uint64_t fail_at = 0;; ++fail_at) {
      SCOPED_TRACE(fail_at);
      SimulatedDisk disk{fail_at + 1};
      ManualClock clock{kStart};
      BackupDirectory backups{disk, clock, "backups"};
      const StoreSnapshot snapshot = snapshot_of(kFirst, 30, kStart);
      const BackupSource source{
          .snapshot = snapshot, .store = test_store(), .copy_catalog = catalog_of(disk, "catalog")};
      disk.fail_after(fail_at);
      const bool done = backups.create(source, SharedFiles::trust, {}).has_value();
      ASSERT_EQ(done, !disk.failed());
      if (crash) disk.crash();
      disk.heal();
      const auto again = backups.create(source, SharedFiles::trust, {});
      ASSERT_TRUE(again.has_value()) << again.error().message;
      disk.crash();
      ASSERT_TRUE(backups.verify({})->sound());
      if (done) break;
    }
}

}  // namespace
}  // namespace meterhouse

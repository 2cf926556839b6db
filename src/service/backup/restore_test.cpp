#include "service/backup/restore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/temporary_directory.h"
#include "service/backup/journal_shipper.h"
#include "service/backup/test_backups.h"
#include "store/sqlite/sqlite_catalog.h"

namespace meterhouse {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Instant kStart = instant_from_epoch(1'740'047'400);  // 2025-02-20T10:30:00Z

// Appends the frames to the journal's file, a line each.
class LinesReplay final : public FrameReplay {
 public:
  LinesReplay(FileSystem& files, std::string path, std::string text)
      : files_(files), path_(std::move(path)), text_(std::move(text)) {}
  static Result<std::unique_ptr<FrameReplay>> open(FileSystem& files, const std::string& directory) {
    auto text = read_file(files, directory + "/journal/log");
    if (!text) return text.error();
    return std::make_unique<LinesReplay>(files, directory + "/journal/log", std::move(*text));
  }
  Status add(FrameStream stream, std::span<const std::byte> frame) override {
    ++report_.frames;
    text_ += fmt::format("{} {}\n", to_string(stream), text_of({frame.begin(), frame.end()}));
    return {};
  }
  Result<FrameReplayReport> finish() override {
    const auto file = files_.open(path_, OpenMode::read_write);
    if (!file) return file.error();
    if (auto done = (*file)->write_at(0, bytes_of(text_)); !done) return done.error();
    const auto more = files_.open(path_ + "-more", OpenMode::create);
    if (!more) return more.error();
    if (auto done = (*file)->sync(); !done) return done.error();
    if (auto done = files_.sync_directory(path_.substr(0, path_.rfind('/'))); !done) return done.error();
    return report_;
  }

 private:
  FileSystem& files_;
  std::string path_;
  std::string text_;
  FrameReplayReport report_;
};

TestFiles files_at(std::string_view moment) {
  return {{"MANIFEST", fmt::format("manifest {}", moment)},
          {"journal/log", fmt::format("{}\n", moment)},
          {"segments/a.segment", std::string(3'000, 'a')}};
}

// Two backups, at frame 10 and 20, an hour apart; a frame every six minutes, all shipped, the last at 13:06.
void make_backups(SimulatedDisk& disk) {
  ManualClock clock{kStart};
  BackupDirectory backups{disk, clock, "backups"};
  ASSERT_TRUE(backups.claim(test_store()));
  const auto shipper = *JournalShipper::open(disk, clock,
                                             {.directory = "backups/journal",
                                              .store = test_store(),
                                              .mode = ShippingMode::every_batch,
                                              .threads = ShipperOptions::Threads::none});
  const auto ship = [&](std::uint64_t first, std::uint64_t last) {
    for (; first <= last; ++first) {
      clock.advance(Seconds{360});
      shipper->ship(FrameStream::readings, first, clock.now(), bytes_of(fmt::format("{}", first)));
    }
  };
  const auto create = [&](std::uint64_t sequence, std::string_view moment) {
    const StoreSnapshot snapshot = snapshot_of(files_at(moment), sequence, clock.now());
    const auto made = backups.create({.snapshot = snapshot,
                                      .store = test_store(),
                                      .copy_catalog = catalog_of(disk, fmt::format("meters {}", moment))},
                                     SharedFiles::trust, {});
    ASSERT_TRUE(made.has_value()) << made.error().message;
    ASSERT_TRUE(shipper->begin_new_pieces());
  };
  ship(1, 10);
  create(10, "first");  // 11:30
  ship(11, 20);
  create(20, "second");  // 12:30
  ship(21, 26);
  clock.advance(Seconds{1});
  shipper->ship(FrameStream::pending, 1, clock.now(), bytes_of("p1"));
  ASSERT_TRUE(shipper->close());
}

class Restores : public testing::Test {
 protected:
  void SetUp() override { make_backups(disk); }

  Result<RestorePlan> plan(std::optional<Instant> at = std::nullopt, std::optional<std::string> backup = std::nullopt) {
    return plan_restore(disk, {.from = "backups", .to = "data", .at = at, .backup = std::move(backup)}, {});
  }
  Result<RestoreReport> run(std::optional<Instant> at = std::nullopt) {
    const auto planned = plan(at);
    if (!planned) return planned.error();
    return restore(disk, *planned, LinesReplay::open, test_store('9'), {});
  }
  std::string text(const std::string& path) { return text_of(disk.content(path)); }

  SimulatedDisk disk;
};

TEST_F(Restores, EverythingThatWasShipped) {
  const auto planned = plan();
  ASSERT_TRUE(planned.has_value()) << planned.error().message;
  EXPECT_EQ(planned->backup.name, "backup-20250220T123000Z");
  EXPECT_EQ(planned->readings.frames, 6u);
  EXPECT_EQ(planned->pending.frames, 1u);
  EXPECT_EQ(planned->readings.last_arrival, kStart + Seconds{9'360});
  EXPECT_FALSE(planned->has_gaps());
  EXPECT_FALSE(*disk.exists("data"));  // a plan touches nothing
  const auto report = run();
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(report->files, 4u);
  EXPECT_EQ(text("data/catalog.sqlite"), "meters second");
  EXPECT_EQ(text("data/MANIFEST"), "manifest second");
  EXPECT_EQ(text("data/segments/a.segment"), std::string(3'000, 'a'));
  EXPECT_EQ(text("data/journal/log"),
            "second\nreadings 21\nreadings 22\nreadings 23\nreadings 24\nreadings 25\nreadings 26\npending p1\n");
  EXPECT_EQ((*read_store_id(disk, "data"))->hex(), test_store('9').hex());
  EXPECT_FALSE(*disk.exists("data/RESTORING"));
  EXPECT_TRUE(refuse_while_restoring(disk, "data"));
}

TEST_F(Restores, ToAMoment) {
  struct Case {
    const char* name;
    std::int64_t seconds;
    const char* log;
  };
  for (const Case& c : {Case{"when the first backup was finished", 3'600, "first\n"},
                        Case{"on a frame's second", 3'960, "first\nreadings 11\n"},
                        Case{"just before the next", 4'319, "first\nreadings 11\n"},
                        Case{"between the backups", 5'000, "first\nreadings 11\nreadings 12\nreadings 13\n"},
                        Case{"when the second was finished", 7'200, "second\n"}}) {
    SCOPED_TRACE(c.name);
    ASSERT_TRUE(run(kStart + Seconds{c.seconds}));
    EXPECT_EQ(text("data/journal/log"), c.log);
    ASSERT_TRUE(remove_tree(disk, "data"));
  }
  const auto before = plan(kStart + Seconds{3'599});
  ASSERT_FALSE(before.has_value());
  EXPECT_EQ(before.error().code, Errc::not_found);
  EXPECT_THAT(before.error().message, HasSubstr("finished by 2025-02-20T11:29:59Z"));
}

TEST_F(Restores, ANamedBackup) {
  EXPECT_EQ(plan({}, "backup-20250220T113000Z")->readings.frames, 16u);
  EXPECT_EQ(plan({}, "backup-x").error().code, Errc::not_found);
  EXPECT_THAT(plan(kStart + Seconds{3'600}, "backup-20250220T123000Z").error().message, HasSubstr("name an older one"));
}

TEST_F(Restores, ATargetWithSomethingInItIsRefused) {
  disk.set_content("data/catalog.sqlite", bytes_of("mine"));
  EXPECT_EQ(plan().error().code, Errc::invalid_argument);
  ASSERT_TRUE(disk.remove("data/catalog.sqlite"));
  EXPECT_TRUE(run());
  EXPECT_EQ(run().error().code, Errc::invalid_argument);
}

TEST_F(Restores, ADamagedSourceIsRefusedBeforeTheTargetIsTouched) {
  for (const std::string& path : disk.paths()) {
    SCOPED_TRACE(path);
    if (path.ends_with("LOCK") || path.ends_with("STORE-ID") || path.find("T113000Z") != std::string::npos) continue;
    if (path.find("journal/readings") != std::string::npos && path < "backups/journal/readings-00000000000000000021")
      continue;  // not needed
    const auto whole = disk.content(path);
    auto damaged = whole;
    damaged[whole.size() / 2] ^= std::byte{16};
    disk.set_content(path, damaged);
    const auto refused = plan();
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Errc::corruption);
    const bool manifest = path.ends_with("manifest.json");
    EXPECT_THAT(refused.error().message, HasSubstr(manifest ? "backup-20250220T123000Z is damaged" : path));
    if (manifest) {
      EXPECT_THAT(refused.error().message, HasSubstr("--backup backup-20250220T113000Z"));
    }
    disk.set_content(path, whole);
  }
  EXPECT_FALSE(*disk.exists("data"));
  EXPECT_TRUE(plan());
}

TEST_F(Restores, AGapIsToldAndTheRestIsRestored) {
  ASSERT_TRUE(disk.remove("backups/journal/readings-00000000000000000011.piece"));
  const auto planned = plan({}, "backup-20250220T113000Z");
  EXPECT_THAT(planned->readings.gaps, ElementsAre(ShippedGap{11, 20}));
  EXPECT_EQ(planned->readings.frames, 6u);
  // All that is there came later; what is missing may not have.
  EXPECT_TRUE(plan(kStart + Seconds{4'000})->has_gaps());
  EXPECT_FALSE(plan()->has_gaps());
}

TEST_F(Restores, AnInterruptedOneGoesOnWithTheSameOnly) {
  const auto planned = plan(kStart + Seconds{5'000});
  disk.fail_after(12);
  ASSERT_FALSE(restore(disk, *planned, LinesReplay::open, test_store('9'), {}));
  disk.heal();
  const auto refused = refuse_while_restoring(disk, "data");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_EQ(plan().error().code, Errc::invalid_argument);
  EXPECT_THAT(plan().error().message, HasSubstr("interrupted restore of something else"));
  // The note is damaged: nobody opens it, and nobody goes on.
  const auto note = disk.content("data/RESTORING");
  disk.set_content("data/RESTORING", bytes_of("meterhouse-restoring 1\n"));
  EXPECT_FALSE(refuse_while_restoring(disk, "data"));
  EXPECT_EQ(plan(kStart + Seconds{5'000}).error().code, Errc::corruption);
  disk.set_content("data/RESTORING", note);
  ASSERT_TRUE(run(kStart + Seconds{5'000}));
}

TEST_F(Restores, ABackupThatIsPrunedMeanwhileIsTold) {
  const std::string first = "backup-20250220T113000Z";
  const RestoreRequest request{.from = "backups", .to = "data", .at = {}, .backup = first};
  const ByteProgress prune = [this](std::uint64_t, std::uint64_t) {
    const ManualClock clock{kStart};
    EXPECT_TRUE((BackupDirectory{disk, clock, "backups"}.prune({.newest = 1}, {})));
    return true;
  };
  const auto planned = plan({}, first);
  const auto restored = restore(disk, *planned, LinesReplay::open, test_store('9'), prune);
  ASSERT_FALSE(restored.has_value());
  EXPECT_EQ(restored.error().code, Errc::unavailable);
  EXPECT_THAT(restored.error().message, HasSubstr(first + " was pruned meanwhile; remove data and begin again"));
  EXPECT_THAT(plan_restore(disk, request, {}).error().message, HasSubstr("remove the directory and begin again"));

  ASSERT_TRUE(remove_tree(disk, "data"));
  ASSERT_TRUE(remove_tree(disk, "backups"));
  make_backups(disk);
  const auto again = plan_restore(disk, request, prune);
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code, Errc::unavailable);
  EXPECT_THAT(again.error().message, HasSubstr(first + " was pruned meanwhile; begin again"));
}

TEST_F(Restores, ACatalogsLogOfAnInterruptedOneIsNotAppliedToTheNewCopy) {
  const auto fail = [] { return Status{Error{Errc::io, "the catalog cannot be opened"}}; };
  ASSERT_FALSE(restore(disk, *plan(), LinesReplay::open, test_store('9'), {}, fail));
  disk.set_content("data/catalog.sqlite-wal", bytes_of("of the first attempt"));
  EXPECT_FALSE(refuse_while_restoring(disk, "data"));
  int settled = 0;
  const auto done = restore(disk, *plan(), LinesReplay::open, test_store('9'), {}, [&settled] {
    ++settled;
    return Status{};
  });
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_EQ(settled, 1);
  EXPECT_FALSE(*disk.exists("data/catalog.sqlite-wal"));
}

TEST(RestoreDays, ThoseClosedAfterTheBackupAreClosedAgain) {
  const TemporaryDirectory directory;
  const auto catalog = SqliteCatalog::open(directory.path() + "/catalog.sqlite", ManualClock{kStart});
  ASSERT_TRUE(catalog.has_value()) << catalog.error().message;
  const date::local_days first{date::days{20'000}};
  for (int day = 0; day < 30; ++day)
    ASSERT_TRUE((*catalog)->close_day(
        {.day = first + date::days{day}, .closed_at = kStart, .sequence = static_cast<std::uint64_t>(day)}, {}));
  ASSERT_TRUE(touch_days_closed_after(**catalog, 27));
  const auto touched = (*catalog)->touched_days(DayCatalog::kFirstDay, DayCatalog::kLastDay, 10);
  ASSERT_EQ(touched->size(), 2u);
  EXPECT_EQ(touched->front().day, first + date::days{28});
}

TEST(RestoreMarker, AnyDamageIsFound) {
  for (const auto at : {std::optional<Instant>{}, std::optional{kStart}}) {
    const RestoreMarker marker{"backup-20250220T123000Z", test_store(), at, test_store('9')};
    const std::string whole = encode_restore_marker(marker);
    EXPECT_EQ(*decode_restore_marker(whole), marker);
    for (std::size_t size = 0; size < whole.size(); ++size)
      ASSERT_FALSE(decode_restore_marker(whole.substr(0, size))) << size;
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
      std::string flipped = whole;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
      ASSERT_FALSE(decode_restore_marker(flipped)) << bit;
    }
  }
}

// What the data directory holds, without lock files.
std::map<std::string, std::string> contents(const SimulatedDisk& disk) {
  std::map<std::string, std::string> contents;
  for (const std::string& path : disk.paths())
    if (path.starts_with("data/")) contents[path] = text_of(disk.content(path));
  return contents;
}

// A restore that fails at its operation number `fail_at`, and is begun again: whether it got through at once.
bool restore_twice(std::uint64_t fail_at, std::uint64_t seed, bool crash, const SimulatedDisk& whole) {
  const RestoreRequest request{.from = "backups", .to = "data", .at = kStart + Seconds{5'000}};
  SimulatedDisk disk{seed};
  make_backups(disk);
  disk.fail_after(fail_at);
  const bool done = restore(disk, *plan_restore(disk, request, {}), LinesReplay::open, test_store('9'), {}).has_value();
  EXPECT_EQ(done, !disk.failed());
  if (crash) disk.crash();
  disk.heal();
  const auto planned = plan_restore(disk, request, {});
  if (planned) {
    EXPECT_TRUE(restore(disk, *planned, LinesReplay::open, test_store('9'), {}));
    disk.crash();  // what is restored is durable, however it came about
  } else {         // it had got through: nothing but the last sync was missing
    EXPECT_EQ(planned.error().code, Errc::invalid_argument);
    EXPECT_TRUE(refuse_while_restoring(disk, "data"));
  }
  EXPECT_EQ(contents(disk), contents(whole));
  return done;
}

TEST(RestoreFaults, InterruptedAtEveryOperationItEndsWithTheSame) {
  const RestoreRequest request{.from = "backups", .to = "data", .at = kStart + Seconds{5'000}};
  SimulatedDisk whole;
  make_backups(whole);
  ASSERT_TRUE(restore(whole, *plan_restore(whole, request, {}), LinesReplay::open, test_store('9'), {}));
  for (const bool crash : {false, true})
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
      for (std::uint64_t fail_at = 0;; ++fail_at) {
        SCOPED_TRACE(fmt::format("operation {}, seed {}{}", fail_at, seed, crash ? ", crash" : ""));
        if (restore_twice(fail_at, seed, crash, whole)) break;
        if (testing::Test::HasFailure()) return;
      }
}

}  // namespace
}  // namespace meterhouse

#include "service/backup/drill.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/backup/journal_shipper.h"
#include "service/backup/test_backups.h"
#include "store/contract/must.h"
#include "store/embedded/directory_snapshot.h"
#include "store/embedded/embedded_replay.h"
#include "store/embedded/embedded_store.h"
#include "store/embedded/snapshot_digest.h"

namespace meterhouse {
namespace {

using testing::HasSubstr;

const Instant kStart = instant_from_epoch(1'740'047'400);

// A store in `data` that runs, and its backups; whether its journal is shipped.
class World {
 public:
  explicit World(ShippingMode mode) {
    must(backups.claim(id));
    if (mode != ShippingMode::off) {
      ShipperOptions shipping{.directory = backups.journal_directory(), .store = id, .mode = mode};
      shipping.threads = ShipperOptions::Threads::none;
      shipper = must(JournalShipper::open(disk, clock, shipping));
    }
    EmbeddedOptions options{.directory = "data", .calendar = *SiteCalendar::of("Asia/Singapore")};
    options.threads = StoreThreads::none;
    options.head_budget_bytes = std::uint64_t{1} << 20;
    if (shipper)
      options.on_frame = [this](FrameStream stream, const FrameHeader& header, std::span<const std::byte> frame) {
        if (ships) shipper->ship(stream, header.sequence, header.arrived, frame);
        return Status{};
      };
    store = must(EmbeddedReadingStore::open(disk, clock, std::move(options)));
  }

  void append(int count = 1) {
    for (; count > 0; --count, ++appended_)
      must(store->append_and_wait({{SeriesKey{MeterId::from_number(100'000'001), Channel::import_},
                                    kStart + Seconds{1'800} * appended_, MilliWattHours{appended_}}}));
  }

  void back_up(bool with_digest = true) {
    clock.advance(Seconds{10});
    const StoreSnapshot snapshot = must(store->snapshot());
    std::optional<std::string> digest;
    if (with_digest) digest = must(digest_of(snapshot)).hex();
    BackupSource source{
        .snapshot = snapshot, .store = id, .copy_catalog = catalog_of(disk, "catalog"), .digest = digest};
    if (with_digest) source.meters_digest = [](const std::string&) { return Result<Digest>{Digest{}}; };
    must(backups.create(source, SharedFiles::trust, {}));
  }

  DrillParts parts() {
    DrillParts parts{.files = disk, .clock = clock, .backups = backups, .store = id, .inside = {}};
    parts.live = [this]() -> Result<StoreMoment> {
      auto snapshot = store->snapshot();
      if (!snapshot) return snapshot.error();
      StoreMoment moment{.sequence = snapshot->sequence, .meters = {}, .readings = {}, .months_dropped = dropped};
      moment.readings = [taken = std::move(*snapshot)] { return digest_of(taken); };
      append(2);  // the store goes on
      return moment;
    };
    if (shipper) parts.ship = [this] { return shipper->flush(); };
    parts.replay = replay_frames_into;
    parts.digests_of_directory = [this](const std::string& path) -> Result<Digests> {
      const auto snapshot = snapshot_at_rest(disk, path, kStart);
      if (!snapshot) return snapshot.error();
      const auto readings = digest_of(*snapshot);
      if (!readings) return readings.error();
      return Digests{.readings = *readings, .meters = restored_meters, .bills = {}};
    };
    parts.free_bytes = [this](const std::string&) { return Result<std::uint64_t>{free}; };
    return parts;
  }
  DrillRecord drill() { return must(meterhouse::drill(parts(), {})); }

  bool is_cleared() const { return !must(disk.exists("backups/drill.part")); }

  SimulatedDisk disk;
  ManualClock clock{kStart};
  const StoreId id = test_store();
  BackupDirectory backups{disk, clock, "backups"};
  std::unique_ptr<JournalShipper> shipper;
  std::unique_ptr<EmbeddedReadingStore> store;
  bool ships = true;
  std::uint64_t free = std::uint64_t{1} << 40;
  std::optional<Instant> dropped;
  Digest restored_meters;

 private:
  int appended_ = 0;
};

TEST(Drill, ComparesWithTheStoreAsOfOneFrameWhileItGoesOn) {
  World world{ShippingMode::every_batch};
  world.append(30);
  must(world.store->fold());
  world.append(5);
  world.back_up(/*with_digest=*/false);
  for (int round = 0; round < 3; ++round) {
    world.append(4);
    if (round == 1) must(world.store->hold());
    if (round == 2) must(world.store->release(nullptr));
    const DrillRecord record = world.drill();
    EXPECT_TRUE(record.passed) << record.outcome;
    EXPECT_THAT(record.outcome, HasSubstr("equal to the store as of frame"));
    EXPECT_TRUE(world.is_cleared());
    EXPECT_EQ(must(read_drill_record(world.disk, "backups")), record);
  }
}

TEST(Drill, OfAJournalThatIsNotShippedComparesWithTheDigestOfTheBackup) {
  World world{ShippingMode::off};
  world.append(30);
  world.back_up();
  EXPECT_THAT(world.drill().outcome, HasSubstr("equal to the store as of frame"));  // nothing has come since
  EXPECT_THAT(world.drill().outcome, HasSubstr("its readings and meters are those that were backed up"));
  EXPECT_TRUE(world.drill().passed);
  world.restored_meters.add("a meter");
  EXPECT_FALSE(world.drill().passed);
  EXPECT_THAT(world.drill().outcome, HasSubstr("is not what was backed up: meters"));
  world.back_up(/*with_digest=*/false);
  world.append();
  const DrillRecord record = world.drill();
  EXPECT_FALSE(record.passed);
  EXPECT_THAT(record.outcome, HasSubstr("make a backup first"));
}

TEST(Drill, FindsWhatIsLostOrDamaged) {
  struct Case {
    const char* name;
    std::function<void(World&)> harm;
    const char* told;
  };
  const Case cases[] = {
      {"a frame that is not shipped",
       [](World& world) {
         world.ships = false;
         world.append();
         world.ships = true;
         world.append();
       },
       "never shipped"},
      {"the last frames are not shipped",
       [](World& world) {
         world.ships = false;
         world.append();
       },
       "the shipped journal ends with"},
      {"no backup", [](World& world) { must(remove_tree(world.disk, "backups/backup-20250220T103010Z")); },
       "there is no backup"},
      {"a backup that lacks a file",
       [](World& world) { must(world.disk.remove("backups/backup-20250220T103010Z/MANIFEST")); }, "MANIFEST: missing"},
      {"months let go of since", [](World& world) { world.dropped = world.clock.now() + Seconds{1}; },
       "make a backup first"},
      {"no room", [](World& world) { world.free = 1'000; }, "are free"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    World world{ShippingMode::every_batch};
    world.append(30);
    world.back_up();
    c.harm(world);
    const DrillRecord record = world.drill();
    EXPECT_FALSE(record.passed);
    EXPECT_THAT(record.outcome, HasSubstr(c.told));
    EXPECT_TRUE(world.is_cleared());
    EXPECT_EQ(must(read_drill_record(world.disk, "backups")), record);
  }
}

TEST(Drill, TellsOneReadingMoreOrLess) {
  World world{ShippingMode::every_batch};
  world.append(30);
  world.back_up();
  DrillParts parts = world.parts();
  parts.live = [&, live = parts.live] {
    auto moment = live();
    moment->readings = [] { return Result<Digest>{Digest{}}; };
    return moment;
  };
  const DrillRecord record = must(drill(parts, {}));
  EXPECT_FALSE(record.passed);
  EXPECT_THAT(record.outcome, HasSubstr("is not what the store holds"));
}

TEST(Drill, EndsWhereTheProgramDoesAndTellsNothing) {
  World world{ShippingMode::every_batch};
  world.append();
  world.back_up();
  DrillParts parts = world.parts();
  int asked = 0;
  for (int stop_at = 1;; ++stop_at) {
    asked = 0;
    parts.stopping = [&] { return ++asked >= stop_at; };
    const auto tried = drill(parts, {});
    EXPECT_TRUE(world.is_cleared());
    if (tried) break;
    EXPECT_EQ(tried.error().code, Errc::unavailable);
    EXPECT_EQ(must(read_drill_record(world.disk, "backups")), std::nullopt);
  }
  EXPECT_GT(asked, 2);
}

TEST(Drill, OfAnotherStoresBackupsIsRefused) {
  World world{ShippingMode::every_batch};
  world.append();
  world.back_up();
  DrillParts parts = world.parts();
  parts.store = test_store('2');
  EXPECT_THAT(must(drill(parts, {})).outcome, HasSubstr("no backups of this store"));
}

// Whatever fails: the next one removes what is left, and passes.
TEST(Drill, LeavesNothingBehindWhereverItIsInterrupted) {
  World world{ShippingMode::every_batch};
  world.append(30);
  must(world.store->fold());
  world.append(5);
  world.back_up();
  DrillParts parts = world.parts();
  parts.live = [&]() -> Result<StoreMoment> {
    auto snapshot = must(world.store->snapshot());
    StoreMoment moment{.sequence = snapshot.sequence, .meters = {}, .readings = {}};
    moment.readings = [taken = std::move(snapshot)] { return digest_of(taken); };
    return moment;
  };
  for (std::uint64_t fail_at = 0;; ++fail_at) {
    SCOPED_TRACE(fail_at);
    world.disk.fail_after(fail_at);
    const auto tried = drill(parts, {});
    world.disk.heal();
    const DrillRecord record = must(drill(parts, {}));
    EXPECT_TRUE(record.passed) << record.outcome;
    EXPECT_TRUE(world.is_cleared());
    if (tried && tried->passed) break;  // nothing failed
  }
}

TEST(DrillRecord, ReadsBackAndFindsAnyChange) {
  const DrillRecord record{.backup = "backup-20250220T103000Z",
                           .started = kStart,
                           .duration_ms = 3'200,
                           .passed = true,
                           .outcome = "two\nlines"};
  std::string text = encode_drill_record(record);
  EXPECT_EQ(must(decode_drill_record(text)).outcome, "two lines");
  for (std::size_t bit = 0; bit < 8 * text.size(); ++bit) {
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(code_of(decode_drill_record(text)), Errc::corruption) << bit;
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << (bit % 8)));
  }
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_EQ(code_of(decode_drill_record(text.substr(0, size))), Errc::corruption) << size;
}

}  // namespace
}  // namespace meterhouse

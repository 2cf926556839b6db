#include "service/backup/backup_reach.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/simulated_disk.h"
#include "service/backup/journal_shipper.h"
#include "service/backup/test_backups.h"

namespace meterhouse {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(BackupReach, IsTheNewestFrameThatIsBackedUpOrShipped) {
  SimulatedDisk disk;
  ManualClock clock{instant_from_epoch(1'740'047'400)};
  EXPECT_THAT(reach_of(disk, "backups", test_store())->shipped, ElementsAre(0, 0));

  BackupDirectory backups{disk, clock, "backups"};
  ASSERT_TRUE(backups.claim(test_store()));
  for (const std::uint64_t sequence : {10, 20}) {
    const StoreSnapshot snapshot = snapshot_of({{"MANIFEST", "manifest"}}, sequence, clock.now());
    ASSERT_TRUE(backups.create({.snapshot = snapshot, .store = test_store(), .copy_catalog = catalog_of(disk, "")},
                               SharedFiles::trust, {}));
    clock.advance(Seconds{60});
  }
  ShipperOptions options{.directory = "backups/journal", .store = test_store(), .mode = ShippingMode::every_batch};
  options.threads = ShipperOptions::Threads::none;
  const auto shipper = *JournalShipper::open(disk, clock, options);
  for (std::uint64_t sequence = 1; sequence <= 15; ++sequence)
    shipper->ship(FrameStream::readings, sequence, clock.now(), bytes_of("frame"));
  shipper->ship(FrameStream::pending, 1, clock.now(), bytes_of("frame"));

  const auto reach = reach_of(disk, "backups", test_store());
  ASSERT_TRUE(reach.has_value()) << reach.error().message;
  EXPECT_THAT(reach->backed_up, ElementsAre(20, 0));
  EXPECT_THAT(reach->shipped, ElementsAre(15, 1));
  EXPECT_THAT(reach_of(disk, "backups", test_store('2'))->backed_up, ElementsAre(0, 0));
  EXPECT_THAT(reach_of(disk, "backups", test_store('2'))->shipped, ElementsAre(0, 0));

  EXPECT_TRUE(check_goes_on("backups", *reach, {FrameRange{18, 21}, FrameRange{2, 2}}));
  const auto older = check_goes_on("backups", *reach, {FrameRange{18, 20}, FrameRange{2, 2}});
  ASSERT_FALSE(older.has_value());
  EXPECT_THAT(older.error().message, HasSubstr("frame 20 of readings against 19"));
  EXPECT_FALSE(check_goes_on("backups", *reach, {FrameRange{18, 21}, FrameRange{1, 1}}));
}

// What is damaged was shipped all the same; what came before it at least.
TEST(BackupReach, OfADamagedPieceIsWhatCameBeforeIt) {
  SimulatedDisk disk;
  const std::string name = "backups/journal/" + piece_name(FrameStream::readings, 7);
  ASSERT_TRUE(disk.create_directories("backups/journal"));
  disk.set_content(name, bytes_of("no piece"));
  EXPECT_THAT(reach_of(disk, "backups", test_store())->shipped, ElementsAre(6, 0));
}

}  // namespace
}  // namespace meterhouse

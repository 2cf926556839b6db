#include "service/backup/journal_shipper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/simulated_disk.h"
#include "service/backup/test_backups.h"

namespace meterhouse {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Instant kStart = instant_from_epoch(1'740'047'400);
constexpr auto kReadings = FrameStream::readings;
constexpr auto kPending = FrameStream::pending;
const VisitRecord kIgnore = [](const ShippedRecord&) { return Status{}; };

std::string frame_text(std::uint64_t sequence) { return fmt::format("frame {}", sequence); }

class Shipper : public testing::Test {
 protected:
  SimulatedDisk& disk() { return *disk_; }

  ShipperOptions options(ShippingMode mode) {
    ShipperOptions options{.directory = "backups/journal", .store = test_store(), .mode = mode};
    options.threads = ShipperOptions::Threads::none;
    options.piece_bytes = 1'024;
    options.on_error = [this](const Error& error) { errors.push_back(error.message); };
    return options;
  }

  std::unique_ptr<JournalShipper> open(ShippingMode mode = ShippingMode::every_batch) {
    auto shipper = JournalShipper::open(disk(), clock, options(mode));
    EXPECT_TRUE(shipper.has_value()) << shipper.error().message;
    return std::move(*shipper);
  }

  void ship(JournalShipper& shipper, std::uint64_t first, std::uint64_t last, FrameStream stream = kReadings) {
    for (std::uint64_t sequence = first; sequence <= last; ++sequence) {
      clock.advance(Seconds{1});
      shipper.ship(stream, sequence, clock.now(), bytes_of(frame_text(sequence)));
    }
  }

  ShippedScan scan(FrameStream stream = kReadings, std::uint64_t after = 0) {
    frames.clear();
    const ByteProgress untold;
    ByteCounter counter{untold, 0};
    const auto found = scan_pieces(
        disk(), "backups/journal", stream, test_store(), after,
        [this](const ShippedRecord& record) {
          EXPECT_EQ(text_of({record.frame.begin(), record.frame.end()}), frame_text(record.sequence));
          frames.push_back(record.sequence);
          return Status{};
        },
        counter);
    EXPECT_TRUE(found.has_value()) << found.error().message;
    return *found;
  }

  std::vector<std::uint64_t> range(std::uint64_t first, std::uint64_t last) {
    std::vector<std::uint64_t> numbers;
    for (; first <= last; ++first) numbers.push_back(first);
    return numbers;
  }

  std::unique_ptr<SimulatedDisk> disk_ = std::make_unique<SimulatedDisk>();
  ManualClock clock{kStart};
  std::vector<std::string> errors;
  std::vector<std::uint64_t> frames;
};

TEST_F(Shipper, FramesComeBackInPieces) {
  auto shipper = open();
  ship(*shipper, 1, 40);
  EXPECT_EQ(shipper->shipped(kReadings), 40u);
  auto found = scan();
  EXPECT_EQ(frames, range(1, 40));
  EXPECT_THAT(found.pieces, SizeIs(2));
  EXPECT_TRUE(found.unclosed.has_value());
  ASSERT_TRUE(shipper->close());
  found = scan();
  EXPECT_FALSE(found.unclosed.has_value());
  EXPECT_THAT(found.damages, IsEmpty());
  EXPECT_THAT(found.gaps, IsEmpty());
  for (const PieceInfo& piece : found.pieces) EXPECT_LE(piece.size_bytes, 1'024u + kPieceFooterSize);

  // Only what is needed is read.
  EXPECT_THAT(scan(kReadings, 39).pieces, SizeIs(1));
  EXPECT_THAT(frames, ElementsAre(40));
}

TEST_F(Shipper, StreamsHavePiecesOfTheirOwn) {
  auto shipper = open();
  ship(*shipper, 1, 2);
  ship(*shipper, 1, 3, kPending);
  ASSERT_TRUE(shipper->begin_new_pieces());
  ship(*shipper, 3, 3);
  scan();
  EXPECT_THAT(frames, ElementsAre(1, 2, 3));
  EXPECT_THAT(scan(kPending).pieces, SizeIs(1));
  EXPECT_THAT(frames, ElementsAre(1, 2, 3));
  EXPECT_THAT(*disk().list("backups/journal"),
              ElementsAre("pending-00000000000000000001.piece", "readings-00000000000000000001.piece",
                          "readings-00000000000000000003.piece"));
}

TEST_F(Shipper, EverySecondWaitsForTheFlush) {
  auto shipper = open(ShippingMode::every_second);
  ship(*shipper, 1, 5);
  EXPECT_EQ(shipper->shipped(kReadings), 0u);
  EXPECT_GT(shipper->stats().queued_bytes, 0u);
  ASSERT_TRUE(shipper->flush());
  EXPECT_EQ(shipper->shipped(kReadings), 5u);
  EXPECT_EQ(shipper->stats().queued_bytes, 0u);
  EXPECT_EQ(shipper->stats().frames, 5u);
}

TEST_F(Shipper, OffDoesNothing) {
  auto shipper = open(ShippingMode::off);
  ship(*shipper, 1, 5);
  ASSERT_TRUE(shipper->close());
  EXPECT_THAT(disk().paths(), IsEmpty());
}

TEST_F(Shipper, ItsOwnThreadShips) {
  auto with_thread = options(ShippingMode::every_second);
  with_thread.threads = ShipperOptions::Threads::own;
  const auto shipper = *JournalShipper::open(disk(), clock, with_thread);
  ship(*shipper, 1, 100);
  shipper->wait_for(kReadings, 100);
  EXPECT_EQ(shipper->shipped(kReadings), 100u);
  disk().fail_after(0);
  ship(*shipper, 101, 101);
  shipper->wait_for(kReadings, 101);  // in vain
  EXPECT_TRUE(shipper->stats().failing.has_value());
  disk().heal();
  ASSERT_TRUE(shipper->close());
  scan();
  EXPECT_EQ(frames, range(1, 101));
}

TEST_F(Shipper, AFrameThatIsMissingIsAGapBetweenPieces) {
  auto shipper = open();
  ship(*shipper, 1, 3);
  ship(*shipper, 6, 8);
  ship(*shipper, 2, 7);  // known already
  EXPECT_THAT(scan().gaps, ElementsAre(ShippedGap{4, 5}));
  EXPECT_THAT(frames, ElementsAre(1, 2, 3, 6, 7, 8));
  EXPECT_THAT(scan(kReadings, 4).gaps, ElementsAre(ShippedGap{5, 5}));
  EXPECT_THAT(scan(kReadings, 5).gaps, IsEmpty());
}

TEST_F(Shipper, AFailureThatPassesLeavesNoGap) {
  for (std::uint64_t fail_at = 0;; ++fail_at) {
    SCOPED_TRACE(fail_at);
    disk_ = std::make_unique<SimulatedDisk>();
    errors.clear();
    auto shipper = open();
    ship(*shipper, 1, 3);
    disk().fail_after(fail_at, Errc::no_space);
    ship(*shipper, 4, 40);
    const bool failed = disk().failed();
    EXPECT_THAT(errors, SizeIs(failed ? 1 : 0));
    EXPECT_EQ(shipper->stats().failing.has_value(), failed);
    disk().heal();
    ship(*shipper, 41, 42);
    EXPECT_EQ(shipper->shipped(kReadings), 42u);
    EXPECT_FALSE(shipper->stats().failing.has_value());
    ASSERT_TRUE(shipper->close());
    const auto found = scan();
    ASSERT_EQ(frames, range(1, 42));
    ASSERT_THAT(found.gaps, IsEmpty());
    ASSERT_THAT(found.damages, IsEmpty());
    if (!failed) break;
  }
}

TEST_F(Shipper, CatchingUpIsNeitherGivenUpNorSyncedOneByOne) {
  for (const auto mode : {ShippingMode::every_second, ShippingMode::every_batch}) {
    disk_ = std::make_unique<SimulatedDisk>();
    auto large_pieces = options(mode);
    large_pieces.piece_bytes = std::uint64_t{1} << 30;
    const auto shipper = *JournalShipper::open(disk(), clock, large_pieces);
    shipper->begin_catching_up();
    const std::vector<std::byte> large(std::size_t{1} << 20);
    const std::uint64_t before = disk().operations();
    for (std::uint64_t sequence = 1; sequence <= 100; ++sequence)
      shipper->ship(kReadings, sequence, clock.now(), large);
    ASSERT_TRUE(shipper->end_catching_up({}));
    EXPECT_EQ(shipper->shipped(kReadings), 100u);
    EXPECT_EQ(shipper->stats().lost_frames, 0u);
    EXPECT_LT(disk().operations() - before, 100u + 20);  // a write each, and a sync now and then
    ship(*shipper, 101, 101);
    EXPECT_EQ(shipper->shipped(kReadings), mode == ShippingMode::every_batch ? 101u : 100u);
  }
}

TEST_F(Shipper, WhatWaitsIsBoundedAndTheGapIsTold) {
  auto shipper = open(ShippingMode::every_second);
  ship(*shipper, 1, 3);
  ASSERT_TRUE(shipper->flush());
  disk().fail_after(0);
  const std::vector<std::byte> large(std::size_t{16} << 20);
  for (std::uint64_t sequence = 4; sequence < 14; ++sequence) {
    shipper->ship(kReadings, sequence, clock.now(), large);
    EXPECT_LE(shipper->stats().queued_bytes, JournalShipper::kMaxQueuedBytes);
  }
  EXPECT_FALSE(shipper->flush());
  EXPECT_GT(shipper->stats().lost_frames, 0u);
  EXPECT_THAT(errors, testing::Contains(HasSubstr("frame 4 (readings) and more")));
  disk().heal();
  ASSERT_TRUE(shipper->flush());
  ship(*shipper, 14, 15);
  ASSERT_TRUE(shipper->close());
  std::vector<std::uint64_t> sequences;
  const ByteProgress untold;
  ByteCounter counter{untold, 0};
  const auto found = scan_pieces(disk(), "backups/journal", kReadings, test_store(), 0, kIgnore, counter);
  ASSERT_THAT(found->gaps, SizeIs(1));
  EXPECT_EQ(found->gaps[0].first, 4u);
  EXPECT_EQ(found->gaps[0].last - 4 + 1, shipper->stats().lost_frames);
  EXPECT_EQ(found->last_sequence, 15u);
  EXPECT_EQ(shipper->stats().missing[0], found->gaps[0]);
}

// Frames that were let go of while shipping failed or was off are in no piece, and nothing else tells of them.
TEST_F(Shipper, AStartTellsWhatIsMissingUntilABackupHasIt) {
  {
    auto shipper = open();
    ship(*shipper, 1, 3);
    ship(*shipper, 6, 8);
    ASSERT_TRUE(shipper->close());
  }
  using Missing = std::optional<ShippedGap>;
  const auto missing_behind = [&](std::uint64_t backed_up, std::uint64_t first_of_store) {
    errors.clear();
    const auto shipper = open();
    shipper->note_backup(backed_up, 0);
    shipper->begin_catching_up();
    EXPECT_TRUE(shipper->end_catching_up({FrameRange{first_of_store, first_of_store}}));
    const Missing missing = shipper->stats().missing[0];
    EXPECT_EQ(missing.has_value(), !errors.empty());
    shipper->note_backup(first_of_store, 0);
    EXPECT_EQ(shipper->stats().missing[0], Missing{});
    return missing;
  };
  EXPECT_EQ(missing_behind(0, 7), (ShippedGap{4, 5}));
  EXPECT_EQ(missing_behind(4, 7), (ShippedGap{5, 5}));
  EXPECT_EQ(missing_behind(5, 7), Missing{});
  EXPECT_EQ(missing_behind(5, 9), Missing{});
  EXPECT_EQ(missing_behind(5, 12), (ShippedGap{9, 11}));
  EXPECT_EQ(missing_behind(0, 12), (ShippedGap{4, 11}));
  EXPECT_EQ(missing_behind(11, 12), Missing{});
}

// Every batch: whatever was shipped before the machine stopped is there; what a crash left is closed at the next start.
TEST_F(Shipper, ACrashAtAnyOperationLosesNothingShipped) {
  for (std::uint64_t fail_at = 0;; ++fail_at) {
    SCOPED_TRACE(fail_at);
    disk_ = std::make_unique<SimulatedDisk>(fail_at + 1);
    errors.clear();
    disk().fail_after(fail_at);
    std::uint64_t shipped = 0;
    if (auto shipper = JournalShipper::open(disk(), clock, options(ShippingMode::every_batch))) {
      ship(**shipper, 1, 40);
      shipped = (*shipper)->shipped(kReadings);
    }
    const bool failed = disk().failed();
    disk().crash();
    auto found = scan();
    ASSERT_THAT(found.damages, IsEmpty());
    ASSERT_GE(found.last_sequence, shipped);
    {
      auto shipper = open();
      ASSERT_GE(shipper->shipped(kReadings), shipped);
      ASSERT_THAT(errors, SizeIs(testing::Le(1)));
      ship(*shipper, shipper->shipped(kReadings) + 1, 60);
      ASSERT_TRUE(shipper->close());
    }
    found = scan();
    ASSERT_EQ(frames, range(1, 60));
    ASSERT_THAT(found.gaps, IsEmpty());
    ASSERT_THAT(found.damages, IsEmpty());
    ASSERT_FALSE(found.unclosed.has_value());
    if (!failed) break;
  }
}

// One operation fails, then one of those that mend it; the disk is well again, and then the machine stops.
TEST_F(Shipper, WhatWasMendedAfterAFailureSurvivesACrash) {
  bool once = true;
  for (std::uint64_t fail_at = 0; once; ++fail_at) {
    bool twice = true;
    for (std::uint64_t again_at = 0; twice; ++again_at) {
      SCOPED_TRACE(fmt::format("operation {}, then {}", fail_at, again_at));
      disk_ = std::make_unique<SimulatedDisk>(fail_at * 100 + again_at);
      auto shipper = open();
      ship(*shipper, 1, 3);
      disk().fail_after(fail_at);
      std::uint64_t next = 4;
      for (; next <= 40 && !disk().failed(); ++next) ship(*shipper, next, next);
      once = disk().failed();
      disk().heal();
      disk().fail_after(again_at);
      ship(*shipper, next, next);
      twice = shipper->stats().failing.has_value();
      disk().heal();
      ship(*shipper, next + 1, next + 1);
      ASSERT_EQ(shipper->shipped(kReadings), next + 1);
      disk().crash();
      const auto found = scan();
      ASSERT_EQ(frames, range(1, next + 1));
      ASSERT_THAT(found.damages, IsEmpty());
    }
  }
}

// The next process finds in memory what the killed one had not synced yet; then the machine stops.
TEST_F(Shipper, WhatAKilledProcessHadWrittenIsSyncedBeforeItCounts) {
  bool killed = true;
  for (std::uint64_t kill_at = 0; killed; ++kill_at) {
    SCOPED_TRACE(kill_at);
    disk_ = std::make_unique<SimulatedDisk>(kill_at);
    disk().fail_after(kill_at);
    if (auto shipper = JournalShipper::open(disk(), clock, options(ShippingMode::every_batch))) {
      ship(**shipper, 1, 40);
      static_cast<void>((*shipper)->close());
    }
    killed = disk().failed();
    disk().heal();
    auto shipper = open();
    const std::uint64_t next = shipper->shipped(kReadings) + 1;
    ship(*shipper, next, next);
    disk().crash();
    const auto found = scan();
    ASSERT_EQ(frames, range(1, next));
    ASSERT_THAT(found.damages, IsEmpty());
  }
}

TEST_F(Shipper, ADamagedLastPieceIsSetAsideAndShippedAgain) {
  {
    auto shipper = open();
    ship(*shipper, 1, 5);
  }
  const std::string path = "backups/journal/readings-00000000000000000001.piece";
  auto bytes = disk().content(path);
  bytes[kPieceHeaderSize + 40] ^= std::byte{4};
  disk().set_content(path, bytes);
  auto shipper = open();
  EXPECT_THAT(errors, ElementsAre(HasSubstr("set aside")));
  EXPECT_EQ(shipper->shipped(kReadings), 0u);
  EXPECT_TRUE(*disk().exists(path + ".damaged"));
  ship(*shipper, 1, 6);
  scan();
  EXPECT_EQ(frames, range(1, 6));
}

TEST_F(Shipper, PiecesOfAnotherStoreOrCutInTheMiddleAreDamage) {
  {
    auto shipper = open();
    ship(*shipper, 1, 40);
  }
  const auto names = *disk().list("backups/journal");
  const std::string first = "backups/journal/" + names[0];
  auto bytes = disk().content(first);
  bytes.erase(bytes.end() - static_cast<std::ptrdiff_t>(kPieceFooterSize), bytes.end());
  disk().set_content(first, bytes);
  EXPECT_THAT(scan().damages, ElementsAre(HasSubstr("cut, or its footer")));
  const ByteProgress untold;
  ByteCounter counter{untold, 0};
  const auto found = scan_pieces(disk(), "backups/journal", kReadings, test_store('2'), 0, kIgnore, counter);
  EXPECT_THAT(found->damages, SizeIs(2));
  disk().set_content(first, disk().content("backups/journal/" + names[1]));
  EXPECT_THAT(scan().damages, ElementsAre(HasSubstr("this is " + names[1])));
}

TEST_F(Shipper, VerifyAndPruneKnowThePieces) {
  BackupDirectory backups{disk(), clock, "backups"};
  const auto create = [&](std::uint64_t sequence) {
    const StoreSnapshot snapshot = snapshot_of({{"MANIFEST", "m"}}, sequence, clock.now());
    const auto made = backups.create(
        {.snapshot = snapshot, .store = test_store(), .copy_catalog = catalog_of(disk(), "c")}, SharedFiles::trust, {});
    ASSERT_TRUE(made.has_value()) << made.error().message;
  };
  ASSERT_TRUE(backups.claim(test_store()));
  EXPECT_EQ(backups.claim(test_store('2')).error().code, Errc::conflict);
  auto shipper = open();
  ship(*shipper, 1, 5);
  create(5);
  ASSERT_TRUE(shipper->begin_new_pieces());
  ship(*shipper, 6, 8);
  create(8);
  ASSERT_TRUE(shipper->begin_new_pieces());
  ship(*shipper, 11, 12);
  auto check = backups.verify({});
  EXPECT_TRUE(check->sound());
  EXPECT_EQ(check->pieces, 3u);
  EXPECT_THAT(check->notes,
              ElementsAre("readings: frames 9 to 10 were not shipped", HasSubstr("not closed, ends with frame 12")));

  const auto pruned = backups.prune({.newest = 1}, {});
  EXPECT_EQ(pruned->removed_files, 1u);  // the second's name does not tell that it ends with 8
  EXPECT_THAT(*disk().list("backups/journal"),
              ElementsAre("readings-00000000000000000006.piece", "readings-00000000000000000011.piece"));

  ASSERT_TRUE(shipper->close());
  auto bytes = disk().content("backups/journal/readings-00000000000000000011.piece");
  bytes[70] ^= std::byte{1};
  disk().set_content("backups/journal/readings-00000000000000000011.piece", bytes);
  check = backups.verify({});
  EXPECT_FALSE(check->sound());
  EXPECT_THAT(check->damages, ElementsAre(HasSubstr("readings-00000000000000000011.piece: offset 64")));
}

}  // namespace
}  // namespace meterhouse

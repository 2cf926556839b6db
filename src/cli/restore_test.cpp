// The whole way: an embedded store whose frames are shipped and which is backed up now and then, restored to moments of
// its past and opened there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "base/property_test.h"
#include "base/testing/simulated_disk.h"
#include "service/backup/backup_directory.h"
#include "service/backup/journal_shipper.h"
#include "service/backup/restore.h"
#include "store/embedded/directory_snapshot.h"
#include "store/embedded/embedded_replay.h"
#include "store/embedded/embedded_store.h"

namespace meterhouse {
namespace {

const Instant kStart = instant_from_epoch(1'740'047'400);
using Readings = std::set<std::tuple<std::uint32_t, std::uint32_t, std::int64_t>>;

EmbeddedOptions options(const std::string& directory) {
  EmbeddedOptions options{.directory = directory, .calendar = *SiteCalendar::of("Asia/Singapore")};
  options.threads = StoreThreads::none;
  options.head_budget_bytes = std::uint64_t{1} << 20;
  return options;
}

std::tuple<std::uint32_t, std::uint32_t, std::int64_t> plain(const Reading& reading) {
  return {reading.key().packed(), reading.seconds(), reading.register_value().count()};
}

// A store in `data`, opened for each step and closed in good order or not, and its backups.
class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed), disk(seed) {
    EXPECT_TRUE(backups.claim(id));
    ShipperOptions shipping{.directory = backups.journal_directory(), .store = id, .mode = ShippingMode::every_batch};
    shipping.threads = ShipperOptions::Threads::none;
    shipping.piece_bytes = 20'000;
    shipper = *JournalShipper::open(disk, clock, shipping);
  }

  void step() {
    clock.advance(Seconds{1 + static_cast<std::int64_t>(random_() % 100)});
    const auto store = open();
    if (random_() % 8 == 0) {
      ASSERT_TRUE(store->hold());
    }
    append(*store);
    if (random_() % 4 == 0) {
      ASSERT_TRUE(store->release({}));
    }
    if (random_() % 6 == 0) {
      ASSERT_TRUE(store->fold());
    }
    if (random_() % 6 == 0) {
      ASSERT_TRUE(store->close());
    }
  }

  // Of the running store, or of one that nobody has open.
  void back_up() {
    const auto store = random_() % 2 == 0 ? open() : nullptr;
    const auto snapshot = store ? store->snapshot() : snapshot_at_rest(disk, "data", clock.now());
    ASSERT_TRUE(snapshot.has_value()) << snapshot.error().message;
    const auto copy = [this](const std::string& path) { return write_file_atomically(disk, path, "catalog"); };
    const auto made =
        backups.create({.snapshot = *snapshot, .store = id, .copy_catalog = copy}, SharedFiles::trust, {});
    ASSERT_TRUE(made.has_value()) << made.error().message;
    ASSERT_TRUE(shipper->begin_new_pieces());
  }

  // What had been acknowledged by then.
  Readings by(Instant at) const {
    Readings readings;
    for (const auto& [arrived, reading] : acknowledged_)
      if (arrived <= at) readings.insert(plain(reading));
    return readings;
  }

  // Every reading in a restored directory, the pending ones released.
  Readings restored(const std::string& directory) {
    const auto store = EmbeddedReadingStore::open(disk, clock, options(directory));
    EXPECT_TRUE(store.has_value()) << store.error().message;
    EXPECT_TRUE((*store)->release({}).has_value());
    Readings readings;
    const auto scanned = (*store)->scan({}, {}, [&](SeriesKey key, const SeriesView& series) {
      for (std::size_t i = 0; i < series.size(); ++i)
        readings.insert(plain(Reading{key, series.at[i], series.registers[i]}));
      return Status{};
    });
    EXPECT_TRUE(scanned.has_value());
    return readings;
  }

 private:
  void append(EmbeddedReadingStore& store) {
    std::vector<Reading> batch;
    for (std::uint64_t count = 1 + random_() % 50; count > 0; --count) {
      ++next_;
      const auto meter = MeterId::from_number(100'000'000 + static_cast<std::uint32_t>(random_() % 5));
      batch.push_back(
          {SeriesKey{meter, Channel::import_}, kStart + Seconds{next_ * 60}, MilliWattHours{next_ * 1'000}});
    }
    ASSERT_TRUE(store.append_and_wait(batch));
    for (const Reading& reading : batch) acknowledged_.emplace_back(clock.now(), reading);
  }

  std::unique_ptr<EmbeddedReadingStore> open() {
    auto shipped = options("data");
    shipped.on_frame = [this](FrameStream stream, const FrameHeader& header, std::span<const std::byte> frame) {
      shipper->ship(stream, header.sequence, header.arrived, frame);
      return Status{};
    };
    auto store = EmbeddedReadingStore::open(disk, clock, std::move(shipped));
    EXPECT_TRUE(store.has_value()) << store.error().message;
    return std::move(*store);
  }

  std::mt19937_64 random_;
  std::vector<std::pair<Instant, Reading>> acknowledged_;
  std::int64_t next_ = 0;

 public:
  const StoreId id = *StoreId::parse(std::string(32, '1'));
  SimulatedDisk disk;
  ManualClock clock{kStart};
  BackupDirectory backups{disk, clock, "backups"};
  std::unique_ptr<JournalShipper> shipper;
};

constexpr int kSteps = 40;

void live(World& world, std::uint64_t seed, std::vector<Instant>& finished) {
  std::mt19937_64 random{seed};
  for (int i = 0; i < kSteps; ++i) {
    ASSERT_NO_FATAL_FAILURE(world.step());
    if (i != 3 && random() % 10 != 0) continue;
    ASSERT_NO_FATAL_FAILURE(world.back_up());
    finished.push_back(world.clock.now());
    world.clock.advance(Seconds{1});
  }
}

TEST(RestoredStore, HoldsExactlyWhatWasAcknowledgedByThen) {
  for (std::uint64_t seed = test_seed(); seed < test_seed() + 6; ++seed) {
    SCOPED_TRACE(fmt::format("MH_TEST_SEED={}", seed));
    World world{seed};
    std::vector<Instant> finished;
    ASSERT_NO_FATAL_FAILURE(live(world, seed, finished));
    ASSERT_TRUE(world.shipper->close());
    std::mt19937_64 random{seed};
    const auto span = static_cast<std::uint64_t>((world.clock.now() - finished.front()).count());
    for (int i = 0; i < 12; ++i) {
      const auto at = i == 0
                          ? std::optional<Instant>{}
                          : std::optional{finished.front() + Seconds{static_cast<std::int64_t>(random() % (span + 1))}};
      SCOPED_TRACE(at ? epoch_seconds(*at) : 0);
      const std::string to = fmt::format("restored-{}", i);
      const auto plan = plan_restore(world.disk, {.from = "backups", .to = to, .at = at}, {});
      ASSERT_TRUE(plan.has_value()) << plan.error().message;
      ASSERT_FALSE(plan->has_gaps());
      const auto done = restore(world.disk, *plan, replay_frames_into, StoreId{}, {});
      ASSERT_TRUE(done.has_value()) << done.error().message;
      ASSERT_EQ(world.restored(to), world.by(at.value_or(world.clock.now())));
    }
  }
}

TEST(RestoredStore, InterruptedAtEveryOperationItHoldsTheSame) {
  const std::uint64_t seed = test_seed();
  World world{seed};
  std::vector<Instant> finished;
  ASSERT_NO_FATAL_FAILURE(live(world, seed, finished));
  ASSERT_TRUE(world.shipper->close());
  const Instant at = finished.front() + (world.clock.now() - finished.front()) / 2;
  for (std::uint64_t fail_at = 0;; ++fail_at) {
    SCOPED_TRACE(fail_at);
    const RestoreRequest request{.from = "backups", .to = fmt::format("restored-{}", fail_at), .at = at};
    const auto plan = plan_restore(world.disk, request, {});
    ASSERT_TRUE(plan.has_value()) << plan.error().message;
    world.disk.fail_after(fail_at);
    const bool done = restore(world.disk, *plan, replay_frames_into, StoreId{}, {}).has_value();
    ASSERT_EQ(done, !world.disk.failed());
    if (fail_at % 2 == 0) world.disk.crash();
    world.disk.heal();
    if (done) break;
    const auto again = plan_restore(world.disk, request, {});
    if (again) {
      const auto finished_now = restore(world.disk, *again, replay_frames_into, StoreId{}, {});
      ASSERT_TRUE(finished_now.has_value()) << finished_now.error().message;
    } else {  // all but the last sync was done
      ASSERT_TRUE(refuse_while_restoring(world.disk, request.to));
    }
    ASSERT_EQ(world.restored(request.to), world.by(at));
    ASSERT_TRUE(remove_tree(world.disk, request.to));
    if (world.disk.failed()) world.disk.crash();  // forgets that it had failed
  }
}

}  // namespace
}  // namespace meterhouse

#include "store/embedded/embedded_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <optional>
#include <thread>

#include "base/check.h"
#include "base/testing/simulated_disk.h"
#include "base/testing/temporary_directory.h"
#include "store/contract/readings_contract.h"
#include "store/embedded/test_snapshot.h"

namespace meterhouse {
namespace {

SiteCalendar singapore() { return SiteCalendar::of("Asia/Singapore").value(); }

// A store in a directory of its own, on the real disk or a simulated one.
class EmbeddedPlace final : public ReadingStorePlace {
 public:
  struct Setting {
    enum class Disk : std::uint8_t { real, simulated } disk;
    StoreThreads threads;
    std::uint64_t head_budget_bytes;
    std::size_t apply_aside_readings = 4'096;
  };

  explicit EmbeddedPlace(Setting setting, const StoreSnapshot* snapshot = nullptr) : setting_(setting) {
    if (setting.disk == Setting::Disk::real) directory_ = temporary_.emplace().path();
    if (snapshot != nullptr) lay_down(*snapshot, files(), directory_);
    open();
  }

  std::unique_ptr<ReadingStorePlace> open_copy(const StoreSnapshot& snapshot) override {
    return std::make_unique<EmbeddedPlace>(setting_, &snapshot);
  }

  ReadingStore& store() override { return *store_; }
  ManualClock& clock() override { return clock_; }
  void reopen() override {
    const auto done = store_->close();
    EXPECT_TRUE(done || done.error().code == Errc::unavailable) << done.error().message;  // the test may have closed it
    store_.reset();
    open();
  }
  bool crash() override {
    store_.reset();
    if (setting_.disk == Setting::Disk::simulated) disk_.crash();
    open();
    return true;
  }

 private:
  FileSystem& files() { return setting_.disk == Setting::Disk::real ? posix_file_system() : disk_; }

  void open() {
    EmbeddedOptions options{.directory = directory_, .calendar = singapore()};
    options.head_budget_bytes = setting_.head_budget_bytes;
    options.journal_file_bytes = std::uint64_t{256} << 10;
    options.threads = setting_.threads;
    options.apply_aside_readings = setting_.apply_aside_readings;
    auto store = EmbeddedReadingStore::open(files(), clock_, std::move(options));
    MH_CHECK(store);
    store_ = std::move(*store);
  }

  Setting setting_;
  SimulatedDisk disk_;
  ManualClock clock_{kContractNow};
  std::optional<TemporaryDirectory> temporary_;  // of the real disk; outlives the store
  std::string directory_ = "data";
  std::unique_ptr<EmbeddedReadingStore> store_;
};

ReadingsContractStore place(const char* name, EmbeddedPlace::Setting setting) {
  return {name, [setting] { return std::make_unique<EmbeddedPlace>(setting); }};
}

using Disk = EmbeddedPlace::Setting::Disk;
constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

INSTANTIATE_TEST_SUITE_P(Embedded, ReadingsContract,
                         testing::Values(place("on_disk", {Disk::real, StoreThreads::own, 64 * kMiB}),
                                         place("simulated", {Disk::simulated, StoreThreads::own, 64 * kMiB}),
                                         place("small_head", {Disk::simulated, StoreThreads::own, kMiB / 4}),
                                         place("applied_aside", {Disk::simulated, StoreThreads::own, kMiB / 4, 1})),
                         [](const auto& store) { return store.param.name; });

const SeriesKey kKey{MeterId::from_number(100'000'001), Channel::import_};

// `count` readings of a meter of the batch's own, half an hour apart.
std::vector<Reading> batch_of(std::uint32_t number, std::size_t count) {
  const SeriesKey key{MeterId::from_number(100'000'100 + number), Channel::import_};
  std::vector<Reading> batch;
  for (std::size_t i = 0; i < count; ++i) {
    const auto n = static_cast<std::int64_t>(i);
    batch.emplace_back(key, kContractNow - Seconds{1'800} * (20'000 - n), MilliWattHours{n});
  }
  return batch;
}

TEST(EmbeddedStore, LargeFramesAreAppliedWhileOthersAreWritten) {
  const TemporaryDirectory directory;
  ManualClock clock{kContractNow};  // stands still: every write is quick, and every large frame is handed over
  const auto options = [&] {
    EmbeddedOptions made{.directory = directory.path(), .calendar = singapore()};
    made.head_budget_bytes = kMiB;
    return made;
  };
  auto store = EmbeddedReadingStore::open(posix_file_system(), clock, options()).value();
  constexpr std::uint32_t kRounds = 12;
  constexpr std::size_t kLarge = ReadingStore::kMaxBatchReadings;
  std::atomic<std::size_t> accepted{0};
  std::atomic<int> changes{0};
  const auto count = [&](const Result<AppendCounts>& counts) { accepted += counts ? counts->accepted : 0; };
  std::thread folding{[&] {
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(store->fold());
  }};
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    store->append(batch_of(round, kLarge), count);
    store->append({batch_of(round, kLarge).front()}, count);  // a small frame behind a large one: a duplicate
    store->record_change("change", [&](const Status& done) { changes += done ? 1 : 0; });
  }
  folding.join();
  // Visible as soon as it is acknowledged, whatever was handed over before.
  ASSERT_TRUE(store->append_and_wait({Reading{kKey, kContractNow, MilliWattHours{7}}}));
  EXPECT_EQ(store->read(kKey, {}, Neighbours::without).value().size(), 1U);
  store->append(batch_of(kRounds, kLarge), count);
  ASSERT_TRUE(store->close());
  EXPECT_EQ(accepted.load(), (kRounds + 1) * kLarge);
  EXPECT_EQ(changes.load(), static_cast<int>(kRounds));

  store = EmbeddedReadingStore::open(posix_file_system(), clock, options()).value();
  for (std::uint32_t round = 0; round <= kRounds; ++round)
    EXPECT_EQ(store->read(batch_of(round, 1).front().key(), {}, Neighbours::without).value().size(), kLarge) << round;
}

// The small frame may not be applied before the large one that still waits for the applier: in a conflict the first to
// arrive stays, now and when the journal is replayed.
TEST(EmbeddedStore, ASmallFrameStaysBehindALargeOneHandedAside) {
  const TemporaryDirectory directory;
  ManualClock clock{kContractNow};  // stands still: every write is quick, and every large frame is handed over
  const auto open = [&] {
    EmbeddedOptions options{.directory = directory.path(), .calendar = singapore()};
    return EmbeddedReadingStore::open(posix_file_system(), clock, std::move(options)).value();
  };
  auto store = open();
  std::promise<void> release;
  std::promise<void> written;
  std::optional<AppendCounts> large;
  std::optional<AppendCounts> small;
  const auto first = batch_of(2, ReadingStore::kMaxBatchReadings);
  const Reading second{first[7].key(), first[7].at(), first[7].register_value() + MilliWattHours{1}};
  const auto separate = [&] { store->record_change("else they would share a frame", [](const Status&) {}); };
  store->append(batch_of(1, ReadingStore::kMaxBatchReadings),
                [&](const Result<AppendCounts>&) { release.get_future().wait(); });  // holds the applier up
  store->append(first, [&](const Result<AppendCounts>& counts) { large = counts.value(); });
  separate();
  store->append({second}, [&](const Result<AppendCounts>& counts) { small = counts.value(); });
  store->record_change("by now the small frame is written", [&](const Status&) { written.set_value(); });
  written.get_future().wait();
  release.set_value();
  ASSERT_TRUE(store->append_and_wait({Reading{kKey, kContractNow, MilliWattHours{1}}}));  // behind them all
  EXPECT_EQ(large, (AppendCounts{.accepted = first.size()}));
  EXPECT_EQ(small, (AppendCounts{.conflict = 1}));
  const auto digest = store->digest().value();

  store.reset();  // as a crash would end it
  store = open();
  EXPECT_EQ(store->open_report().replayed_readings, 2 * first.size() + 2);
  EXPECT_EQ(store->read(first[7].key(), {first[7].at(), first[7].at()}, Neighbours::without).value().registers,
            std::vector{first[7].register_value()});
  EXPECT_EQ(store->digest().value(), digest);
}

TEST(EmbeddedStore, RepetitionsThatFillTheJournalAloneMakeItFold) {
  SimulatedDisk disk;
  ManualClock clock{kContractNow};
  EmbeddedOptions options{.directory = "data", .calendar = singapore()};
  options.head_budget_bytes = kMiB;
  options.threads = StoreThreads::none;
  const auto store = EmbeddedReadingStore::open(disk, clock, std::move(options)).value();
  const auto batch = batch_of(1, 5'000);
  while (store->stats().journal_bytes < kJournalPerHead * kMiB) {
    ASSERT_TRUE(store->append_and_wait(batch));
    ASSERT_EQ(store->stats().folds, 0U) << store->stats().journal_bytes;
  }
  ASSERT_TRUE(store->append_and_wait(batch));
  EXPECT_EQ(store->stats().folds, 1U);
  EXPECT_LT(store->stats().journal_bytes, kMiB);
}

TEST(EmbeddedStore, AMonthsTotalIsToldByHeadersAloneOnceFoldedAndMerged) {
  SimulatedDisk disk;
  ManualClock clock{kContractNow};
  EmbeddedOptions options{.directory = "data", .calendar = singapore()};
  options.journal_file_bytes = kMiB / 4;
  const auto store = EmbeddedReadingStore::open(disk, clock, std::move(options)).value();
  const Instant from = instant_from_epoch(1'735'660'800);  // 2025-01-01 00:00 in Singapore: closes December
  const Instant to = instant_from_epoch(1'738'339'200);    // 2025-02-01 00:00
  const auto append = [&](Instant at, std::int64_t value) {
    ASSERT_TRUE(store->append_and_wait({Reading{kKey, at, MilliWattHours{value}}}));
  };
  const Totals expected{{kKey, MilliWattHours{35}}};
  append(from - std::chrono::hours{1}, 5);
  append(from, 10);
  append(from + std::chrono::hours{1}, 12);
  append(to, 45);
  append(to + std::chrono::hours{1}, 46);
  ASSERT_TRUE(store->fold());
  EXPECT_EQ(totals_of(*store, {}, {from, to}), expected);
  append(from + std::chrono::hours{2}, 13);  // late: two blocks overlap now
  ASSERT_TRUE(store->fold());
  EXPECT_EQ(totals_of(*store, {}, {from, to}), (Totals{{kKey, std::nullopt}}));
  ASSERT_TRUE(store->merge());
  EXPECT_EQ(totals_of(*store, {}, {from, to}), expected);
}

TEST(EmbeddedStore, AFoldThatFailedAtTheEndOfADayIsTriedAgain) {
  const TemporaryDirectory directory;
  ManualClock clock{kContractNow};
  std::atomic<int> errors{0};
  EmbeddedOptions options{.directory = directory.path(), .calendar = singapore()};
  options.on_background_error = [&](const Error&) { ++errors; };
  const auto store = EmbeddedReadingStore::open(posix_file_system(), clock, std::move(options)).value();
  const auto append_a_day_later = [&] {
    clock.advance(std::chrono::hours{24});
    ASSERT_TRUE(store->append_and_wait({Reading{kKey, clock.now(), MilliWattHours{1}}}));
    ASSERT_TRUE(store->merge());  // behind the fold on the background thread: now that has ended
  };
  ASSERT_TRUE(store->append_and_wait({Reading{kKey, kContractNow, MilliWattHours{1}}}));
  const std::filesystem::path segments = directory.path() + "/segments";
  std::filesystem::rename(segments, segments.string() + ".away");
  append_a_day_later();
  EXPECT_EQ(errors.load(), 1);
  EXPECT_EQ(store->stats().folds, 0U);
  std::filesystem::rename(segments.string() + ".away", segments);
  while (store->stats().folds == 0) std::this_thread::yield();  // nobody needs to append for it
  EXPECT_EQ(errors.load(), 1);
}

// What fills the disk is the journal, and folding is what makes room: no full-size file, no merge may stand before
// that.
TEST(EmbeddedStore, ANearlyFullDiskIsFoldedAndClosed) {
  SimulatedDisk disk;
  ManualClock clock{kContractNow};
  const auto open = [&] {
    EmbeddedOptions options{.directory = "data", .calendar = singapore()};
    options.head_budget_bytes = 16 * kMiB;
    auto store = EmbeddedReadingStore::open(disk, clock, std::move(options));
    MH_CHECK(store);
    return std::move(*store);
  };
  auto store = open();
  ASSERT_TRUE(store->append_and_wait(batch_of(0, 5'000)));
  ASSERT_TRUE(store->fold());
  ASSERT_TRUE(store->append_and_wait(batch_of(1, 5'000)));
  const std::uint64_t journal_and_more = disk.used_bytes();
  disk.set_capacity(journal_and_more + kLeastJournalFileBytes + kMiB / 4);
  const auto closed = store->close();
  ASSERT_TRUE(closed) << closed.error().message;
  store.reset();
  EXPECT_LT(disk.used_bytes(), kMiB);
  store = open();
  EXPECT_EQ(store->open_report().replayed_frames, 0U);
  for (const std::uint32_t number : {0U, 1U})
    EXPECT_EQ(store->read(batch_of(number, 1).front().key(), {}, Neighbours::without).value().size(), 5'000U);
}

TEST(EmbeddedStore, ClosesInGoodOrderWhereTheDiskHasNoRoomForAMerge) {
  SimulatedDisk disk;
  ManualClock clock{kContractNow};
  std::optional<Errc> told;
  const auto open = [&] {
    EmbeddedOptions options{.directory = "data", .calendar = singapore()};
    options.journal_file_bytes = kMiB / 4;
    options.on_background_error = [&](const Error& error) { told = error.code; };
    auto store = EmbeddedReadingStore::open(disk, clock, std::move(options));
    MH_CHECK(store);
    return std::move(*store);
  };
  auto store = open();
  constexpr int kFolds = 10;
  for (int fold = 0; fold < kFolds; ++fold) {
    std::vector<Reading> batch;  // of registers that no code makes shorter: 7 bytes each
    for (std::uint64_t i = 0; i < ReadingStore::kMaxBatchReadings; ++i)
      batch.emplace_back(kKey, kContractNow - Seconds{10} * static_cast<std::int64_t>(i) - Seconds{fold},
                         MilliWattHours{static_cast<std::int64_t>(i * 0x9E3779B97F4A7C15 % 8'999'999'999'999'999)});
    ASSERT_TRUE(store->append_and_wait(std::move(batch)));
    ASSERT_TRUE(store->fold());
  }
  ASSERT_TRUE(store->append_and_wait(batch_of(1, 100)));
  const auto digest = store->digest().value();
  disk.set_capacity(disk.used_bytes() + kMiB / 4 + kMiB / 16);
  const auto closed = store->close();
  ASSERT_TRUE(closed) << closed.error().message;
  EXPECT_EQ(told, Errc::no_space);
  store.reset();
  store = open();
  EXPECT_EQ(store->open_report().replayed_frames, 0U);
  EXPECT_EQ(store->digest().value(), digest);
}

TEST(EmbeddedStore, FoldsBesideACloseAreDoneOrRefused) {
  for (int round = 0; round < 20; ++round) {
    SimulatedDisk disk;
    ManualClock clock{kContractNow};
    EmbeddedOptions options{.directory = "data", .calendar = singapore()};
    options.journal_file_bytes = std::uint64_t{256} << 10;
    const auto store = EmbeddedReadingStore::open(disk, clock, std::move(options)).value();
    ASSERT_TRUE(store->append_and_wait(batch_of(1, 100)));
    std::thread folding{[&] {
      for (int i = 0; i < 10; ++i) {
        const auto done = i % 2 == 0 ? store->fold() : store->merge();
        EXPECT_TRUE(done || done.error().code == Errc::unavailable) << done.error().message;
      }
    }};
    EXPECT_TRUE(store->close());
    folding.join();
  }
}

}  // namespace
}  // namespace meterhouse

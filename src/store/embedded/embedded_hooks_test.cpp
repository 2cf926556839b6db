#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/simulated_disk.h"
#include "store/contract/must.h"
#include "store/embedded/embedded_store.h"

// What a store tells those around it: days that a fold changes, frames as they are written.

namespace meterhouse {
namespace {

using namespace date::literals;  // NOLINT(google-build-using-namespace): for the dates' own suffixes
using testing::ElementsAre;

constexpr Instant kMidnight = instant_from_epoch(1'740'067'200);  // 2025-02-21 00:00 in Singapore
constexpr std::chrono::hours kDay{24};

Reading reading(Instant at) {
  return {SeriesKey{MeterId::from_number(100'000'001), Channel::import_}, at, MilliWattHours{1}};
}

EmbeddedOptions options() {
  EmbeddedOptions options{.directory = "data", .calendar = SiteCalendar::of("Asia/Singapore").value()};
  options.journal_file_bytes = 2'048;
  options.threads = StoreThreads::none;
  return options;
}

struct Fold {
  std::vector<date::year_month_day> days;
  std::uint64_t sequence = 0;
};

TEST(EmbeddedHooks, AFoldTellsTheDaysItChangesBeforeTheManifestNamesItsSegments) {
  SimulatedDisk disk;
  const ManualClock clock{kMidnight + kDay};
  std::vector<Fold> folds;
  EmbeddedOptions hooked = options();
  std::vector<std::byte> manifest;
  hooked.on_fold = [&](std::span<const date::local_days> touched, std::uint64_t sequence) -> Status {
    EXPECT_EQ(disk.content("data/MANIFEST"), manifest);
    Fold& fold = folds.emplace_back();
    for (const date::local_days day : touched) fold.days.emplace_back(day);
    fold.sequence = sequence;
    return {};
  };
  const auto store = must(EmbeddedReadingStore::open(disk, clock, std::move(hooked)));
  const auto fold = [&](const std::vector<Reading>& batch) {
    if (!batch.empty()) must(store->append_and_wait(batch));
    const std::uint64_t acknowledged = store->stats().sequence;
    manifest = disk.content("data/MANIFEST");
    folds.clear();
    must(store->fold());
    EXPECT_TRUE(folds.empty() || folds.back().sequence >= acknowledged);
  };

  fold({reading(kMidnight), reading(kMidnight + std::chrono::hours{12})});
  ASSERT_EQ(folds.size(), 1U);
  EXPECT_THAT(folds[0].days, ElementsAre(2025_y / 2 / 20, 2025_y / 2 / 21));

  fold({});  // nothing new
  EXPECT_TRUE(folds.empty());

  fold({reading(kMidnight),
        reading(kMidnight - kDay * 60 + Seconds{1})});  // a duplicate changes nothing, a late one does
  ASSERT_EQ(folds.size(), 1U);
  EXPECT_THAT(folds[0].days, ElementsAre(2024_y / 12 / 23));

  fold({reading(kMidnight + kDay * 8), reading(kMidnight + kDay * 7 + Seconds{60}), reading(kMidnight + kDay)});
  ASSERT_EQ(folds.size(), 1U);  // over the end of the month
  EXPECT_THAT(folds[0].days, ElementsAre(2025_y / 2 / 21, 2025_y / 2 / 22, 2025_y / 2 / 28, 2025_y / 3 / 1));
}

TEST(EmbeddedHooks, WhereTheDaysCannotBeToldTheFoldIsTriedAgain) {
  SimulatedDisk disk;
  const ManualClock clock{kMidnight};
  int left_to_fail = 2;
  std::vector<std::size_t> told;
  EmbeddedOptions hooked = options();
  hooked.on_fold = [&](std::span<const date::local_days> touched, std::uint64_t) -> Status {
    if (left_to_fail-- > 0) return Error{Errc::no_space, "the catalog is full"};
    told.push_back(touched.size());
    return {};
  };
  auto store = must(EmbeddedReadingStore::open(disk, clock, hooked));
  must(store->append_and_wait({reading(kMidnight)}));
  EXPECT_EQ(code_of(store->fold()), Errc::no_space);
  EXPECT_EQ(store->stats().segments, 0U);
  EXPECT_EQ(must(store->read(reading(kMidnight).key(), {}, Neighbours::without)).size(), 1U);
  store.reset();
  disk.crash();  // what was not told is told by the fold after the replay
  store = must(EmbeddedReadingStore::open(disk, clock, hooked));
  EXPECT_EQ(code_of(store->fold()), Errc::no_space);
  must(store->append_and_wait({reading(kMidnight + Seconds{1'800})}));
  must(store->fold());
  must(store->close());
  EXPECT_THAT(told, ElementsAre(2U, 1U));
}

}  // namespace
}  // namespace meterhouse

#include "cli/demo_town.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/testing/temporary_directory.h"
#include "cli/config.h"
#include "cli/data_directory.h"
#include "store/memory/memory_readings.h"
#include "store/sqlite/sqlite_catalog.h"

namespace meterhouse::cli {
namespace {

constexpr Instant kNow = instant_from_epoch(1'740'018'600 + 60);  // 2025-02-20 10:31 in Singapore

class DemoTownTest : public testing::Test {
 protected:
  DemoTownTest() {
    site_ = read_config(posix_file_system(), std::string{METERHOUSE_SOURCE_DIR} + "/config/meterhouse.json")->site;
    catalog_ = std::move(*SqliteCatalog::open(directory_of_.path() + "/catalog.sqlite", clock_));
  }
  std::unique_ptr<DemoTown> open(Instant now) {
    auto town = DemoTown::open(site_, *catalog_, store_, directory_, now, {.meters = 20, .days = 10});
    EXPECT_TRUE(town.has_value()) << town.error().message;
    return std::move(*town);
  }

  TemporaryDirectory directory_of_;
  Site site_;
  ManualClock clock_{kNow};
  std::unique_ptr<Catalog> catalog_;
  MemoryReadingStore store_{clock_};
  MeterDirectory directory_;
};

TEST_F(DemoTownTest, FillsAnEmptyCatalogUpToNow) {
  const auto town = open(kNow);
  ASSERT_NE(town, nullptr);
  const auto added = town->bring_up_to(kNow);
  ASSERT_TRUE(added.has_value());
  EXPECT_GT(*added, 20u * 10 * 48 * 95 / 100);  // less its gaps, more its exports
  EXPECT_LT(*added, 23u * 11 * 48);
  EXPECT_EQ(*catalog_->meter_count(), 20u);
  EXPECT_EQ(town->next(), instant_from_epoch(1'740'018'600 + 1800));

  const auto meter = *catalog_->meter(*MeterId::parse("100000001"));
  const auto series = *store_.read({meter.id, Channel::import_}, {}, Neighbours::without);
  EXPECT_EQ(series.at.front(), meter.registered_at);
}

TEST_F(DemoTownTest, LivesOnAndSurvivesARestart) {
  ASSERT_TRUE(open(kNow)->bring_up_to(kNow).has_value());
  const auto again = open(kNow + std::chrono::hours{1});
  ASSERT_NE(again, nullptr);
  const auto added = again->bring_up_to(kNow + std::chrono::hours{1});
  ASSERT_TRUE(added.has_value());
  EXPECT_GE(*added, 2 * 15u);  // two half-hours, less gaps
  EXPECT_LE(*added, 2 * 25u);
  EXPECT_EQ(*again->bring_up_to(kNow + std::chrono::hours{1}), 0u);
}

TEST_F(DemoTownTest, AFillThatWasStoppedIsCompletedByTheNext) {
  int asked = 0;
  const auto stopped = open(kNow)->bring_up_to(kNow, [&asked] { return ++asked > 1; });
  ASSERT_TRUE(stopped.has_value());
  ASSERT_GT(*stopped, 0u);
  const auto again = open(kNow);
  ASSERT_NE(again, nullptr);
  const auto added = again->bring_up_to(kNow);
  ASSERT_TRUE(added.has_value());

  MemoryReadingStore other{clock_};
  TemporaryDirectory directory;
  MeterDirectory meters;
  const auto catalog = std::move(*SqliteCatalog::open(directory.path() + "/catalog.sqlite", clock_));
  const auto whole = DemoTown::open(site_, *catalog, other, meters, kNow, {.meters = 20, .days = 10});
  EXPECT_EQ(*(*whole)->bring_up_to(kNow), *stopped + *added);
  EXPECT_EQ(*other.digest(), *store_.digest());
}

TEST_F(DemoTownTest, LeavesOtherMetersAlone) {
  const Meter own{*MeterId::parse("100000001"), "Central Region", "Bishan", "4-room", kNow, "", std::nullopt};
  ASSERT_TRUE(catalog_->register_meters(std::span{&own, 1}).has_value());
  EXPECT_EQ(open(kNow), nullptr);
}

TEST_F(DemoTownTest, LeavesReadingsOfALostCatalogAlone) {
  const SeriesKey key{*MeterId::parse("100000007"), Channel::import_};
  ASSERT_TRUE(store_.append_and_wait({Reading{key, kNow, MilliWattHours{7}}}).has_value());
  EXPECT_EQ(open(kNow), nullptr);
  EXPECT_EQ(*catalog_->meter_count(), 0u);
}

TEST_F(DemoTownTest, TheTrickleAddsWhatFellDue) {
  auto town = open(kNow);
  ASSERT_TRUE(town->bring_up_to(kNow).has_value());
  clock_.set(kNow + std::chrono::hours{2});
  std::atomic<int> errors{0};
  {
    DemoTrickle trickle{std::move(town), clock_, [&](const Error&) { ++errors; }};
    while (store_.latest({*MeterId::parse("100000002"), Channel::import_}, 1)->at.back() <= kNow && errors == 0)
      std::this_thread::yield();
  }
  EXPECT_EQ(errors, 0);
}

}  // namespace
}  // namespace meterhouse::cli

#include "store/sqlite/migrate.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/testing/temporary_directory.h"
#include "store/contract/must.h"
#include "store/sqlite/sqlite_catalog.h"
#include "store/sqlite/verify_catalog.h"

namespace meterhouse {
namespace {

constexpr Migration kFirst{1, "words",
                           "CREATE TABLE word (word TEXT NOT NULL); INSERT INTO word (word) VALUES ('old')"};
constexpr Migration kSecond{2, "lengths", "ALTER TABLE word ADD COLUMN length INTEGER; UPDATE word SET length = 3"};
constexpr Migration kBroken{2, "broken", "INSERT INTO word (word) VALUES ('half'); INSERT INTO nowhere VALUES (1)"};

class MigrateTest : public testing::Test {
 protected:
  Status migrate_to(const std::vector<Migration>& migrations) { return migrate(*connection_, migrations, clock_); }
  std::int64_t integer(const std::string& sql) { return must(connection_->query_integer(sql)); }

  TemporaryDirectory directory_;
  const std::string path_ = directory_.path() + "/catalog.sqlite";
  ManualClock clock_{instant_from_epoch(1'740'052'800)};
  std::unique_ptr<SqliteConnection> connection_ = must(SqliteConnection::open(path_, SqliteConnection::Access::write));
};

TEST_F(MigrateTest, EachStepRunsOnceAndIsWrittenDown) {
  must(migrate_to({kFirst}));
  clock_.advance(Seconds{60});
  must(migrate_to({kFirst, kSecond}));
  must(migrate_to({kFirst, kSecond}));
  EXPECT_EQ(integer("SELECT count(*) FROM word WHERE word = 'old' AND length = 3"), 1);
  EXPECT_EQ(integer("SELECT count(*) FROM schema_migration"), 2);
  EXPECT_EQ(
      integer("SELECT count(*) FROM schema_migration WHERE version = 1 AND name = 'words' AND applied_at = 1740052800"),
      1);
  EXPECT_EQ(
      integer(
          "SELECT count(*) FROM schema_migration WHERE version = 2 AND name = 'lengths' AND applied_at = 1740052860"),
      1);
}

TEST_F(MigrateTest, AStepThatFailsLeavesEverythingAsItWas) {
  must(migrate_to({kFirst}));
  EXPECT_TRUE(code_of(migrate_to({kFirst, kBroken})));
  EXPECT_EQ(integer(kSelectSchemaVersion), 1);
  EXPECT_EQ(integer("SELECT count(*) FROM word"), 1);
  must(migrate_to({kFirst, kSecond}));
}

TEST_F(MigrateTest, ANewerSchemaIsRefusedWithBothVersions) {
  must(migrate_to({kFirst, kSecond}));
  const Status refused = migrate_to({kFirst});
  ASSERT_EQ(code_of(refused), Errc::unavailable);
  EXPECT_EQ(refused.error().message, "catalog schema 2 is newer than this program's 1; use a newer program");
  EXPECT_EQ(integer(kSelectSchemaVersion), 2);
}

TEST(CatalogSchema, StepsCountFromOne) {
  int version = 0;
  for (const Migration& migration : catalog_migrations()) EXPECT_EQ(migration.version, ++version);
  EXPECT_EQ(catalog_schema_version(), version);
}

// tests/golden/catalog_N.sql is what a program of schema N left behind. They stay, and every later program reads them.
class GoldenCatalog : public MigrateTest {
 protected:
  std::unique_ptr<SqliteCatalog> open_golden(const std::string& name) {
    std::ifstream file{METERHOUSE_SOURCE_DIR "/tests/golden/" + name};
    must(connection_->execute(std::string{std::istreambuf_iterator<char>{file}, {}}));
    connection_.reset();
    return must(SqliteCatalog::open(path_, clock_));
  }
  static std::vector<Meter> meters_in(const Catalog& catalog) {
    return must(catalog.meters({}, std::nullopt, Catalog::kMaxPage)).meters;
  }
};

TEST_F(GoldenCatalog, Schema1KeepsItsMetersAndGoesOnAsANewOne) {
  const auto catalog = open_golden("catalog_1.sql");
  const std::vector<Meter> expected{
      {MeterId::from_number(7), "East Region", "Bedok", "3-room", instant_from_epoch(1'740'052'800), "", std::nullopt},
      {MeterId::from_number(100'000'001), "Central Region", "Bishan", "4-room", instant_from_epoch(1'740'052'801),
       "序列 42", 6}};
  EXPECT_EQ(meters_in(*catalog), expected);
  EXPECT_EQ(must(catalog->meters({.area = "Bedok"}, std::nullopt, 10)).meters.size(), 1u);
  EXPECT_TRUE(must(catalog->events({}, EventOrder::oldest_first, std::nullopt, 10)).events.empty());
  EXPECT_EQ(must(catalog->add_events({{.at = clock_.now(), .type = "system"}})).front().id, 1);
  EXPECT_EQ(must(catalog->begin_job_run({.job = "daily", .started = clock_.now()})), 1);
  must(catalog->close_day({.day = date::local_days{date::days{20'139}}}, std::vector{DayTotal{.area = "Bedok"}}));
  must(catalog->close());
  const auto report = must(verify_catalog(path_));
  EXPECT_TRUE(report.sound());
  EXPECT_EQ(report.schema, catalog_schema_version());
}

TEST_F(GoldenCatalog, Schema2KeepsItsEventsJobsAndDays) {
  const auto catalog = open_golden("catalog_2.sql");
  EXPECT_EQ(meters_in(*catalog).size(), 1u);
  EXPECT_EQ(must(catalog->state("maintenance")), R"({"until":1771590000})");
  const auto at = instant_from_epoch(1'771'592'400);
  const Event event{7, at, "registration", MeterId::from_number(100'000'001), "已登记", R"({"area":"Bishan"})"};
  EXPECT_EQ(must(catalog->events({.from = at}, EventOrder::oldest_first, std::nullopt, 10)).events, std::vector{event});
  EXPECT_EQ(must(catalog->events({}, EventOrder::newest_first, 7, 10)).events.size(), 1u);

  const date::local_days day{date::days{20'503}};
  const auto second = [](int seconds) { return instant_from_epoch(1'771'603'800 + seconds); };
  const JobRun run{.id = 1,
                   .job = "daily",
                   .day = day + date::days{1},
                   .trigger = "schedule",
                   .state = JobRun::State::failed,
                   .started = second(0),
                   .ended = second(12),
                   .steps = {{"fold", JobStep::State::done, second(0), second(2), 1'987, 1.0, "3 segments"},
                             {"close", JobStep::State::failed, second(2), second(12), 9'876, 0.25, "no space"},
                             {"backup"}}};
  EXPECT_EQ(must(catalog->job_run(1)), run);
  EXPECT_EQ(must(catalog->touched_days(day, day + date::days{2}, 10)),
            std::vector({TouchedDay{day + date::days{1}, 18'446'744'073}}));
  EXPECT_EQ(must(catalog->newest_closed_day()),
            (ClosedDay{day, instant_from_epoch(1'771'517'400), 18'446'744'000, 9'588, 12}));
  const DayTotal import_total{
      "Central Region",       "Bishan", "4-room", Channel::import_, MilliWattHours{123'456'789}, 200, 9'600, 9'588, 12,
      MilliWattHours{345'678}};
  const auto totals = must(catalog->day_totals(day));
  ASSERT_EQ(totals.size(), 2u);
  EXPECT_EQ(totals[0], import_total);
  EXPECT_EQ(totals[1].channel, Channel::export_);
  EXPECT_EQ(must(catalog->add_events({{.at = at, .type = "system"}})).front().id, 8);
  must(catalog->close());
  EXPECT_TRUE(must(verify_catalog(path_)).sound());
}

}  // namespace
}  // namespace meterhouse

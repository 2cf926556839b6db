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

// tests/golden/catalog_1.sql is what a program of schema 1 left behind. It stays, and every later program reads it.
TEST_F(MigrateTest, ACatalogOfSchema1IsReadByThisProgram) {
  std::ifstream file{METERHOUSE_SOURCE_DIR "/tests/golden/catalog_1.sql"};
  must(connection_->execute(std::string{std::istreambuf_iterator<char>{file}, {}}));
  connection_.reset();

  const auto catalog = must(SqliteCatalog::open(path_, clock_));
  std::vector<Meter> meters;
  must(catalog->for_each_meter([&](const Meter& meter) -> Status {
    meters.push_back(meter);
    return {};
  }));
  const std::vector<Meter> expected{
      {MeterId::from_number(7), "East Region", "Bedok", "3-room", instant_from_epoch(1'740'052'800), "", std::nullopt},
      {MeterId::from_number(100'000'001), "Central Region", "Bishan", "4-room", instant_from_epoch(1'740'052'801),
       "序列 42", 6}};
  EXPECT_EQ(meters, expected);
  EXPECT_EQ(must(catalog->meters({.area = "Bedok"}, std::nullopt, 10)).meters.size(), 1u);
  must(catalog->close());
  EXPECT_TRUE(must(verify_catalog(path_)).sound());
}

}  // namespace
}  // namespace meterhouse

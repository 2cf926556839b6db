#include "store/sqlite/verify_catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "base/testing/temporary_directory.h"
#include "store/catalog_schema.h"
#include "store/contract/must.h"
#include "store/sqlite/sqlite_catalog.h"

namespace meterhouse {
namespace {

class VerifyCatalog : public testing::Test {
 protected:
  // Every file of the directory with what is in it.
  static std::map<std::string, std::string> files_of(const std::string& directory) {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator{directory}) {
      std::ifstream file{entry.path(), std::ios::binary};
      files[entry.path().filename()] = {std::istreambuf_iterator<char>{file}, {}};
    }
    return files;
  }
  std::unique_ptr<SqliteCatalog> with_meters(std::initializer_list<std::uint32_t> numbers) {
    auto catalog = must(SqliteCatalog::open(path_, clock_));
    std::vector<Meter> meters;
    for (const auto number : numbers)
      meters.push_back({MeterId::from_number(number), "North", "A", "flat", clock_.now(), "", std::nullopt});
    must(catalog->register_meters(meters));
    return catalog;
  }
  std::unique_ptr<SqliteCatalog> with_a_row_in_every_table() {
    auto catalog = with_meters({1, 2, 3});
    const Event event{.at = clock_.now(), .type = "system"};
    must(catalog->add_events({event, event}));
    must(catalog->begin_job_run({.job = "daily", .started = clock_.now(), .steps = {{"fold"}}}));
    const date::local_days day{date::days{20'139}};
    must(catalog->touch_days(std::vector{day}, 7));
    must(catalog->close_day({.day = day, .closed_at = clock_.now()}, std::vector{DayTotal{.area = "A"}}));
    must(catalog->set_state("name", "value"));
    return catalog;
  }
  static std::vector<std::uint32_t> numbers_in(const CatalogReport& report) {
    std::vector<std::uint32_t> numbers;
    for (const MeterId id : report.meters) numbers.push_back(id.number());
    return numbers;
  }

  TemporaryDirectory directory_;
  TemporaryDirectory other_;
  const std::string path_ = directory_.path() + "/a 100%#?catalog.sqlite";
  ManualClock clock_{instant_from_epoch(1'740'052'800)};
};

TEST_F(VerifyCatalog, TellsWhatItReadAndLeavesOneFile) {
  must(with_meters({7, 3, 100'000'001})->close());
  const auto before = files_of(directory_.path());
  ASSERT_EQ(before.size(), 1u);
  const auto report = must(verify_catalog(path_));
  EXPECT_TRUE(report.sound());
  EXPECT_EQ(report.schema, catalog_schema_version());
  EXPECT_EQ(report.tables, 12u);
  EXPECT_EQ(report.rows, 3u + 2u + static_cast<std::uint64_t>(catalog_schema_version())) << "meters, counters, steps";
  EXPECT_EQ(report.bytes, before.begin()->second.size());
  EXPECT_EQ(numbers_in(report), (std::vector<std::uint32_t>{3, 7, 100'000'001}));
  EXPECT_EQ(files_of(directory_.path()), before);
}

TEST_F(VerifyCatalog, ReadsWhatACrashLeftInTheLogAndLeavesItThere) {
  const auto catalog = with_meters({1, 2});
  for (const auto& entry : std::filesystem::directory_iterator{directory_.path()})  // as a crash now would leave it
    std::filesystem::copy(entry.path(), other_.path() + "/" + entry.path().filename().string());
  const auto before = files_of(other_.path());
  ASSERT_EQ(before.size(), 3u) << "database, log and its index";
  const auto report = must(verify_catalog(other_.path() + "/a 100%#?catalog.sqlite"));
  EXPECT_TRUE(report.sound());
  EXPECT_EQ(numbers_in(report), (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(files_of(other_.path()), before);
}

TEST_F(VerifyCatalog, DoesNotMigrate) {
  std::ofstream{path_}.close();  // as a crash right after creation leaves it
  const auto report = must(verify_catalog(path_));
  EXPECT_TRUE(report.sound());
  EXPECT_EQ(report.schema, 0);
  EXPECT_EQ(report.rows, 0u);
  EXPECT_EQ(files_of(directory_.path()).begin()->second, "");
  EXPECT_EQ(files_of(directory_.path()).size(), 1u);
}

TEST_F(VerifyCatalog, SaysWhatItCannotRead) {
  EXPECT_EQ(code_of(verify_catalog(path_)), Errc::not_found);
  {
    const auto connection = must(SqliteConnection::open(path_, SqliteConnection::Access::write));
    must(connection->execute("CREATE TABLE recipe (name TEXT)"));
  }
  const auto foreign = must(verify_catalog(path_));
  ASSERT_EQ(foreign.damages.size(), 1u);
  EXPECT_THAT(foreign.damages.front(), testing::AllOf(testing::HasSubstr(path_), testing::HasSubstr("not a catalog")));

  std::filesystem::remove(path_);
  must(with_meters({1})->close());
  {
    const auto connection = must(SqliteConnection::open(path_, SqliteConnection::Access::write));
    must(connection->execute("INSERT INTO schema_migration VALUES (99, 'of a newer program', 0)"));
  }
  EXPECT_EQ(code_of(verify_catalog(path_)), Errc::unavailable);
}

// A catalog with a row in every table, and what a person with another tool, or a flipped bit, made of it.
TEST_F(VerifyCatalog, FindsWhatTheSchemaWouldNotTake) {
  struct Case {
    const char* change;
    const char* damage;
  };
  for (const Case& c : {
           Case{"UPDATE meter SET register_digits = 77", "meter 000000001"},
           Case{"UPDATE event SET at = -5; UPDATE event_hour SET hour = -1", "event 1: column at holds '-5'"},
           Case{"UPDATE event SET meter_id = 1000000000", "event 1: column meter_id holds '1000000000'"},
           Case{"UPDATE event SET message = x'00'", "event 1: column message"},
           Case{"DELETE FROM event_hour", "event_hour does not lead to event 1"},
           Case{"UPDATE event_hour SET last_event_id = 1", "event_hour does not lead to event 2"},
           Case{"UPDATE counter SET value = 1 WHERE name = 'event'", "counter: 1 ids were never given"},
           Case{"DELETE FROM counter WHERE name = 'job_run'", "counter: 1 ids were never given"},
           Case{"UPDATE job_run SET state = 'asleep'", "job run 1: column state holds 'asleep'"},
           Case{"UPDATE job_run SET day = 50000", "job run 1: column day holds '50000'"},
           Case{"UPDATE job_step SET progress = 2", "step of job run 1: column progress holds '2.0'"},
           Case{"UPDATE job_step SET duration_ms = 'long'", "step of job run 1: column duration_ms holds 'long'"},
           Case{"DELETE FROM job_run", "a row of job_step refers to one of job_run that is not there"},
           Case{"UPDATE touched_day SET sequence = -1", "touched day 20139: column sequence holds '-1'"},
           Case{"UPDATE closed_day SET readings = -1", "closed day 20139: column readings holds '-1'"},
           Case{"UPDATE day_total SET found = -1", "total of day 20139: column found holds '-1'"},
           Case{"UPDATE total_kind SET channel = 2", "total of day 20139: column channel holds '2'"},
           Case{"DELETE FROM total_kind", "a row of day_total refers to one of total_kind that is not there"},
       }) {
    SCOPED_TRACE(c.change);
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + end);
    must(with_a_row_in_every_table()->close());
    ASSERT_TRUE(must(verify_catalog(path_)).sound());
    {
      const auto connection = must(SqliteConnection::open(path_, SqliteConnection::Access::write));
      must(connection->execute("PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF"));
      must(connection->execute(c.change));
    }
    const auto report = must(verify_catalog(path_));
    ASSERT_FALSE(report.sound());
    EXPECT_THAT(report.damages.front(), testing::AllOf(testing::HasSubstr(path_), testing::HasSubstr(c.damage)));
  }
}

}  // namespace
}  // namespace meterhouse

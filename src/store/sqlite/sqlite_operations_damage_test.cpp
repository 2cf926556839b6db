#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/testing/temporary_directory.h"
#include "store/contract/event_pages.h"
#include "store/contract/must.h"
#include "store/contract/random.h"
#include "store/sqlite/sqlite_catalog.h"
#include "store/sqlite/test_faulty_vfs.h"
#include "store/sqlite/verify_catalog.h"

namespace meterhouse {
namespace {

constexpr Instant kNow = instant_from_epoch(1'740'052'800);
constexpr date::local_days kDay{date::days{20'139}};

// Events, a job run and a closed day on a disk that fails.
class SqliteOperationsDamage : public testing::Test {
 protected:
  std::unique_ptr<SqliteCatalog> open() { return must(SqliteCatalog::open(path_, clock_)); }
  void remove_all() {
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + end);
  }
  static std::vector<Event> events(std::size_t count, std::string type) {
    return std::vector<Event>(count, Event{.at = kNow, .type = std::move(type), .message = std::string(100, 'm')});
  }
  // As many totals as its watermark says.
  static Status close_at(Catalog& catalog, std::uint64_t watermark) {
    std::vector<DayTotal> totals;
    for (std::uint64_t i = 0; i < watermark; ++i)
      totals.push_back({.area = fmt::format("Area {}", i), .meters = watermark});
    return catalog.close_day({.day = kDay, .closed_at = kNow, .sequence = watermark}, totals);
  }
  static void expect_whole_day(const Catalog& catalog, std::uint64_t watermark, std::size_t touched) {
    EXPECT_EQ(must(catalog.closed_day(kDay))->sequence, watermark);
    EXPECT_EQ(must(catalog.day_totals(kDay)).size(), watermark);
    EXPECT_EQ(must(catalog.touched_days(kDay, kDay + date::days{1}, 10)).size(), touched);
  }
  void fill() {
    const auto catalog = open();
    must(catalog->add_events(events(20, "old")));
    must(catalog->begin_job_run({.job = "daily", .day = kDay, .started = kNow, .steps = {{"fold"}, {"close"}}}));
    must(catalog->touch_days(std::vector{kDay}, 30));
    must(close_at(*catalog, 20));
    must(catalog->close());
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_.path() + "/catalog.sqlite";
  ManualClock clock_{kNow};
};

TEST_F(SqliteOperationsDamage, AFailingDiskLeavesEachChangeWholeOrUndone) {
  FaultyVfs disk;
  for (int fail_at = 0;; ++fail_at) {
    SCOPED_TRACE(fmt::format("failing from operation {}", fail_at));
    remove_all();
    fill();
    auto catalog = open();
    disk.fail_from(fail_at, SQLITE_FULL);
    const auto added = catalog->add_events(events(300, "new"));
    const Status closed = close_at(*catalog, 40);
    const Status updated =
        catalog->update_job_run({.id = 1, .state = JobRun::State::done, .steps = {{"fold", JobStep::State::done}}});
    const auto dropped = catalog->drop_events(kFirstInstant, 310);
    const bool failed = disk.failed();
    disk.heal();
    EXPECT_TRUE(added || code_of(added) == Errc::no_space);
    EXPECT_TRUE(closed || code_of(closed) == Errc::no_space);
    EXPECT_EQ(must(catalog->add_events(events(1, "after"))).front().id, added ? 321 : 21) << "the disk is well again";
    must(catalog->close());

    catalog = open();
    const auto left = [&](const char* type) {
      return all_events(*catalog, {.types = {type}}, EventOrder::oldest_first, 100).size();
    };
    EXPECT_EQ(left("new"), added ? 300u : 0u);
    EXPECT_EQ(left("old"), added && dropped ? 10u : 20u);
    expect_whole_day(*catalog, closed ? 40 : 20, closed ? 0 : 1);
    const JobRun run = must(catalog->job_run(1));
    EXPECT_EQ(run.state, updated ? JobRun::State::done : JobRun::State::running);
    EXPECT_EQ(run.steps.size(), updated ? 1u : 2u);
    must(catalog->close());
    EXPECT_TRUE(must(verify_catalog(path_)).sound());
    if (!failed || HasFailure()) break;
  }
}

TEST_F(SqliteOperationsDamage, ACopyThatFailsLeavesNoFile) {
  FaultyVfs disk;
  fill();
  const auto catalog = open();
  const std::string path = directory_.path() + "/copies/copy.sqlite";
  std::filesystem::create_directory(directory_.path() + "/copies");
  for (const auto& [code, error] : {std::pair{SQLITE_FULL, Errc::no_space}, std::pair{SQLITE_IOERR_FSYNC, Errc::io}})
    for (int fail_at = 0;; ++fail_at) {
      SCOPED_TRACE(fmt::format("failing from operation {} with {}", fail_at, code));
      disk.fail_from(fail_at, code);
      const Status copied = catalog->copy_to(path);
      const bool failed = disk.failed();
      disk.heal();
      EXPECT_EQ(copied.has_value(), !failed);
      if (copied) {
        EXPECT_GT(fail_at, 1) << "at least a write and a sync";
        EXPECT_TRUE(must(verify_catalog(path)).sound());
        std::filesystem::remove(path);
        break;
      }
      ASSERT_EQ(code_of(copied), error);
      ASSERT_TRUE(std::filesystem::is_empty(directory_.path() + "/copies"));
      expect_whole_day(*catalog, 20, 1);
    }
}

TEST_F(SqliteOperationsDamage, AFlippedByteIsNeverACrash) {
  SCOPED_TRACE(fmt::format("MH_TEST_SEED={}", test_seed()));
  fill();
  std::ifstream file{path_, std::ios::binary};
  const std::string whole{std::istreambuf_iterator<char>{file}, {}};
  Random random{test_seed()};
  int found = 0;
  for (int i = 0; i < 100; ++i) {
    std::string flipped = whole;
    char& byte = flipped[random.below(whole.size())];
    byte = static_cast<char>(byte ^ (1 << random.below(8)));
    remove_all();
    std::ofstream{path_, std::ios::binary} << flipped;
    const auto report = verify_catalog(path_);
    found += !report || !report->sound();
    const auto catalog = SqliteCatalog::open(path_, clock_);
    if (!catalog) continue;
    (void)(*catalog)->events({.types = {"old"}, .from = kFirstInstant}, EventOrder::newest_first, std::nullopt, 100);
    (void)(*catalog)->job_runs({}, std::nullopt, 100);
    (void)(*catalog)->day_totals(kDay);
    (void)close_at(**catalog, 21);
    (void)(*catalog)->add_events(events(2, "new"));
    (void)(*catalog)->drop_events(kLastInstant, 1);
  }
  EXPECT_GT(found, 0);
}

}  // namespace
}  // namespace meterhouse

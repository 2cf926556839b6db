#include "store/sqlite/page_checksums.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdlib>
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

// A flipped bit in the pages of a catalog, or in the log beside it.

namespace meterhouse {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr Instant kNow = instant_from_epoch(1'740'052'800);
constexpr std::size_t kPage = 4'096;
constexpr std::size_t kReserveAt = 20;
const std::string kEnds[] = {"", "-wal"};

std::string content_of(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}
void write(const std::string& path, const std::string& content) {
  std::ofstream{path, std::ios::binary | std::ios::trunc} << content;
}

// MH_FLIPS=n: as many.
int flips() {
  const char* const text = std::getenv("MH_FLIPS");
  return text == nullptr ? 500 : std::atoi(text);
}

// A catalog with something in it, and what stands in it.
class PageChecksums : public testing::Test {
 protected:
  using Content = std::pair<std::vector<std::string>, std::size_t>;  // events, meters

  std::unique_ptr<SqliteCatalog> open() { return must(SqliteCatalog::open(path_, clock_)); }
  void add(Catalog& catalog, int batch) {
    std::vector<Event> events;
    for (int i = 0; i < 20; ++i)
      events.push_back({.at = kNow, .type = "system", .message = fmt::format("event {} of {}", i, batch)});
    must(catalog.add_events(events));
    const Meter meter{MeterId::from_number(static_cast<std::uint32_t>(batch)), "North", "A", "flat", kNow, "S", 6};
    must(catalog.register_meters(std::vector{meter}));
  }
  static Result<Content> content_of_catalog(const Catalog& catalog) {
    Content content;
    const auto page = catalog.events({}, EventOrder::oldest_first, std::nullopt, 1'000);
    if (!page) return page.error();
    for (const Event& event : page->events) content.first.push_back(event.message);
    const auto meters = catalog.meter_count();
    if (!meters) return meters.error();
    content.second = *meters;
    return content;
  }
  // Database and log as a crash now would leave them.
  void take_files() {
    for (const auto& end : kEnds) files_.push_back(content_of(path_ + end));
  }
  void put_files() {
    std::filesystem::remove(path_ + "-shm");
    for (std::size_t i = 0; i < files_.size(); ++i) write(path_ + kEnds[i], files_[i]);
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_.path() + "/catalog.sqlite";
  ManualClock clock_{kNow};
  std::vector<std::string> files_;
};

TEST_F(PageChecksums, AFlippedBitOfTheLogIsToldAndCostsTheLastTransactionAtMost) {
  SCOPED_TRACE(fmt::format("MH_TEST_SEED={}", test_seed()));
  Content all;
  {
    const auto catalog = open();
    for (int batch = 0; batch < 8; ++batch) add(*catalog, batch);
    all = must(content_of_catalog(*catalog));
    take_files();
  }
  const std::string whole = files_[1];
  ASSERT_GT(whole.size(), 20 * kPage);
  put_files();
  EXPECT_FALSE(must(verify_catalog(path_)).torn);
  Random random{test_seed()};
  int torn = 0;
  for (int i = 0; i < flips(); ++i) {
    const std::size_t bit = random.below(whole.size() * 8);
    SCOPED_TRACE(fmt::format("bit {} of byte {}", bit % 8, bit / 8));
    files_[1] = whole;
    files_[1][bit / 8] = static_cast<char>(files_[1][bit / 8] ^ (1 << (bit % 8)));
    put_files();
    const auto report = must(verify_catalog(path_));
    ASSERT_TRUE(!report.sound() || report.torn);
    const auto catalog = SqliteCatalog::open(path_, clock_);
    if (!catalog) {
      EXPECT_THAT(catalog.error().message, AllOf(HasSubstr(path_ + "-wal"), HasSubstr("offset ")));
      EXPECT_FALSE(report.sound());
      continue;
    }
    ++torn;
    ASSERT_TRUE((*catalog)->torn_log());
    EXPECT_EQ((*catalog)->torn_log()->file, path_ + "-wal");
    EXPECT_LE((*catalog)->torn_log()->offset, bit / 8);
    EXPECT_EQ((*catalog)->torn_log()->offset + (*catalog)->torn_log()->length, whole.size());
    const auto content = content_of_catalog(**catalog);
    if (!content) continue;
    const auto& [events, meters] = *content;  // each batch is a change that adds events, and one that adds a meter
    ASSERT_TRUE(std::equal(events.begin(), events.end(), all.first.begin()));
    ASSERT_TRUE(events.size() == 20 * meters || events.size() == 20 * (meters + 1)) << events.size();
    ASSERT_GE(events.size() + meters + 20, all.first.size() + all.second) << "more than the last transaction is gone";
  }
  EXPECT_GT(torn, 0);
}

TEST_F(PageChecksums, TheByteThatSaysThatThereAreChecksumsIsUnderThem) {
  {
    const auto catalog = open();
    add(*catalog, 1);
    must(catalog->close());
  }
  const std::string whole = content_of(path_);
  ASSERT_EQ(whole[kReserveAt], kPageReserve);
  for (int bit = 0; bit < 8; ++bit) {
    std::string flipped = whole;
    flipped[kReserveAt] = static_cast<char>(flipped[kReserveAt] ^ (1 << bit));
    write(path_, flipped);
    EXPECT_FALSE(must(verify_catalog(path_)).sound());
    const auto catalog = SqliteCatalog::open(path_, clock_);
    EXPECT_EQ(code_of(catalog), Errc::corruption);
    EXPECT_EQ(content_of(path_), flipped);
  }
}

TEST_F(PageChecksums, ADamagedPageIsNamedToWhoeverReadsIt) {
  {
    const auto catalog = open();
    for (int batch = 0; batch < 100; ++batch) add(*catalog, batch);
    must(catalog->close());
  }
  std::string damaged = content_of(path_);
  const std::size_t at = damaged.rfind("event 7 of 90");
  ASSERT_NE(at, std::string::npos);
  damaged[at] = 'E';
  write(path_, damaged);
  const auto place = fmt::format("offset {}: page {}: checksum mismatch", at / kPage * kPage, at / kPage + 1);
  EXPECT_THAT(must(verify_catalog(path_)).damages.front(), AllOf(HasSubstr(path_), HasSubstr(place)));
  const auto catalog = open();
  EXPECT_EQ(must(catalog->meter_count()), 100u) << "what lies elsewhere is answered";
  std::optional<std::int64_t> before;
  Status read;
  for (int page = 0; page < 3 && read; ++page) {
    const auto events = catalog->events({}, EventOrder::newest_first, before, 1'000);
    read = events ? Status{} : Status{events.error()};
    if (events) before = events->next;
  }
  ASSERT_EQ(code_of(read), Errc::corruption);
  EXPECT_THAT(read.error().message, AllOf(HasSubstr(path_), HasSubstr(place)));
  EXPECT_EQ(code_of(catalog->copy_to(directory_.path() + "/copy")), Errc::corruption);
}

// A catalog of a program that knew no checksums: made by SQLite alone.
class OldCatalog : public PageChecksums {
 protected:
  void SetUp() override {
    std::ifstream golden{METERHOUSE_SOURCE_DIR "/tests/golden/catalog_2.sql"};
    const std::string sql{std::istreambuf_iterator<char>{golden}, {}};
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &database), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(database, "PRAGMA journal_mode = WAL", nullptr, nullptr, nullptr), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    ASSERT_EQ(sqlite3_close(database), SQLITE_OK);
    ASSERT_EQ(content_of(path_)[kReserveAt], 0);
  }
};

TEST_F(OldCatalog, GetsItsChecksumsWhenItIsOpened) {
  EXPECT_TRUE(must(verify_catalog(path_)).sound());
  {
    const auto catalog = open();
    EXPECT_EQ(must(catalog->meter_count()), 1u);
    EXPECT_EQ(must(catalog->events({}, EventOrder::oldest_first, std::nullopt, 10)).events.size(), 2u);
    add(*catalog, 1);
    must(catalog->copy_to(directory_.path() + "/copy"));
    must(catalog->close());
  }
  for (const auto& path : {path_, directory_.path() + "/copy"}) {
    EXPECT_TRUE(must(verify_catalog(path)).sound());
    std::string damaged = content_of(path);
    EXPECT_EQ(damaged[kReserveAt], kPageReserve);
    damaged.back() = static_cast<char>(damaged.back() ^ 1);
    write(path, damaged);
    EXPECT_FALSE(must(verify_catalog(path)).sound());
  }
}

TEST_F(OldCatalog, GetsItsChecksumsOnceThereIsRoom) {
  FaultyVfs disk;
  for (int fail_at = 0;; ++fail_at) {
    SCOPED_TRACE(fail_at);
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + end);
    ASSERT_NO_FATAL_FAILURE(OldCatalog::SetUp());
    disk.fail_from(fail_at, SQLITE_FULL);
    { const auto catalog = SqliteCatalog::open(path_, clock_); }
    const bool failed = disk.failed();
    disk.heal();
    EXPECT_TRUE(must(verify_catalog(path_)).sound());
    {
      const auto catalog = open();
      EXPECT_EQ(must(catalog->meter_count()), 1u);
      add(*catalog, 1);
      must(catalog->close());
    }
    EXPECT_TRUE(must(verify_catalog(path_)).sound());
    EXPECT_EQ(content_of(path_)[kReserveAt], kPageReserve);
    if (!failed || HasFailure()) break;
  }
}

}  // namespace
}  // namespace meterhouse

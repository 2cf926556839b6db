#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/testing/temporary_directory.h"
#include "store/contract/must.h"
#include "store/contract/random.h"
#include "store/sqlite/sqlite_catalog.h"
#include "store/sqlite/test_faulty_vfs.h"
#include "store/sqlite/verify_catalog.h"

namespace meterhouse {
namespace {

constexpr Instant kNow = instant_from_epoch(1'740'052'800);

Meter meter_of(std::uint32_t number) {
  return {
      MeterId::from_number(number), "Central", fmt::format("Area {}", number % 7), "4-room", kNow, "", std::nullopt};
}

std::vector<Meter> meters_up_to(std::uint32_t count) {
  std::vector<Meter> meters;
  for (std::uint32_t number = 0; number < count; ++number) meters.push_back(meter_of(number));
  return meters;
}

std::string content_of(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

void write(const std::string& path, const std::string& content) {
  std::ofstream file{path, std::ios::binary | std::ios::trunc};
  file << content;
}

class SqliteDamage : public testing::Test {
 protected:
  Result<std::unique_ptr<SqliteCatalog>> open() { return SqliteCatalog::open(path_, clock_); }
  void remove_all() {
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + end);
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_.path() + "/catalog.sqlite";
  ManualClock clock_{kNow};
};

// Nothing is found to be wrong with it, nothing is changed.
void expect_sound(const std::string& path) {
  const auto report = must(verify_catalog(path));
  EXPECT_TRUE(report.sound()) << report.damages.front();
}

// Opens what is there and reads it: an error, or what was written.
void expect_error_or(const std::vector<Meter>& expected, const Result<std::unique_ptr<SqliteCatalog>>& catalog) {
  if (!catalog) {
    EXPECT_EQ(code_of(catalog), Errc::corruption);
    return;
  }
  std::vector<Meter> walked;
  const Status walk = (*catalog)->for_each_meter([&](const Meter& meter) -> Status {
    walked.push_back(meter);
    return {};
  });
  if (walk) {
    EXPECT_EQ(walked, expected);
  } else {
    EXPECT_EQ(code_of(walk), Errc::corruption);
  }
}

// MH_FLIPS=n: as many.
int flips() {
  const char* const text = std::getenv("MH_FLIPS");
  return text == nullptr ? 500 : std::atoi(text);
}

TEST_F(SqliteDamage, ACutOrFlippedFileIsAnErrorAndNeverAnotherAnswer) {
  SCOPED_TRACE(fmt::format("MH_TEST_SEED={}", test_seed()));
  const auto meters = meters_up_to(400);
  {
    const auto catalog = must(open());
    must(catalog->register_meters(meters));
    must(catalog->close());
  }
  const std::string whole = content_of(path_);
  ASSERT_FALSE(std::filesystem::exists(path_ + "-wal")) << "a closed catalog is one file";
  Random random{test_seed()};
  for (std::size_t length = 1; length < whole.size(); length += 1 + random.below(4'000)) {
    SCOPED_TRACE(fmt::format("cut to {} bytes", length));
    remove_all();
    write(path_, whole.substr(0, length));
    EXPECT_FALSE(must(verify_catalog(path_)).sound());
  }
  for (int i = 0; i < flips(); ++i) {
    std::string flipped = whole;
    const std::size_t offset = i < 100 ? static_cast<std::size_t>(i) : random.below(whole.size());
    flipped[offset] = static_cast<char>(flipped[offset] ^ (1 << random.below(8)));
    SCOPED_TRACE(fmt::format("flipped byte {}", offset));
    remove_all();
    write(path_, flipped);
    const auto report = verify_catalog(path_);
    EXPECT_EQ(content_of(path_), flipped);
    ASSERT_TRUE(report);
    ASSERT_FALSE(report->sound());
    EXPECT_THAT(report->damages.front(), testing::AllOf(testing::HasSubstr(path_), testing::HasSubstr("offset")));
    expect_error_or(meters, open());
  }
}

TEST_F(SqliteDamage, WhatIsNoCatalogIsRefused) {
  write(path_, std::string(8'192, 'x'));
  EXPECT_EQ(code_of(open()), Errc::corruption);
  EXPECT_EQ(content_of(path_), std::string(8'192, 'x'));

  remove_all();
  must(
      must(SqliteConnection::open(path_, SqliteConnection::Access::write))->execute("CREATE TABLE recipe (name TEXT)"));
  EXPECT_EQ(code_of(open()), Errc::corruption);

  remove_all();
  write(path_, "");  // as a crash right after creation leaves it
  EXPECT_FALSE(code_of(open()));
  EXPECT_EQ(code_of(SqliteCatalog::open(directory_.path() + "/none/catalog.sqlite", clock_)), Errc::io);
}

// Lets the disk fail at every operation of a registration, a patch and a close. What was acknowledged is kept, what
// failed happened wholly or not at all, and once the disk is well again the same catalog goes on.
void fail_at_every_operation(const std::string& path, const Clock& clock, int code, Errc expected_error) {
  FaultyVfs disk;
  for (int fail_at = 0;; ++fail_at) {
    SCOPED_TRACE(fmt::format("failing from operation {}", fail_at));
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path + end);
    auto catalog = must(SqliteCatalog::open(path, clock));
    must(catalog->register_meters(meters_up_to(2)));

    disk.fail_from(fail_at, code);
    const auto registered = catalog->register_meters(meters_up_to(300));
    const auto patched = catalog->patch_meter(MeterId::from_number(0), {.serial = "A-1"});
    const bool failed = disk.failed();
    if (!registered) {
      EXPECT_EQ(code_of(registered), expected_error);
    }
    if (!patched) {
      EXPECT_EQ(code_of(patched), expected_error);
    }
    EXPECT_EQ(must(catalog->meter(MeterId::from_number(1))), meter_of(1));
    disk.heal();
    EXPECT_FALSE(code_of(catalog->patch_meter(MeterId::from_number(1), {.serial = "B-2"}))) << "the disk is well again";
    disk.fail_from(fail_at, code);
    (void)catalog->close();
    catalog.reset();
    disk.heal();

    catalog = must(SqliteCatalog::open(path, clock));
    const auto count = must(catalog->meter_count());
    EXPECT_TRUE(registered ? count == 300 : count == 2 || count == 300) << count;
    const std::string serial = must(catalog->meter(MeterId::from_number(0))).serial;
    EXPECT_TRUE(patched ? serial == "A-1" : serial.empty() || serial == "A-1") << serial;
    EXPECT_EQ(must(catalog->meter(MeterId::from_number(1))).serial, "B-2");
    must(catalog->close());
    expect_sound(path);
    if (!failed || testing::Test::HasFailure()) break;
  }
}

TEST_F(SqliteDamage, AFullDiskLosesNothingThatWasAcknowledged) {
  fail_at_every_operation(path_, clock_, SQLITE_FULL, Errc::no_space);
}

TEST_F(SqliteDamage, AFailingDiskLosesNothingThatWasAcknowledged) {
  fail_at_every_operation(path_, clock_, SQLITE_IOERR_WRITE, Errc::io);
}

TEST_F(SqliteDamage, ACatalogThatCannotBeMadeIsMadeTheNextTime) {
  FaultyVfs disk;
  for (int fail_at = 0;; ++fail_at) {
    SCOPED_TRACE(fail_at);
    remove_all();
    disk.fail_from(fail_at, SQLITE_FULL);
    const bool made = open().has_value();
    disk.heal();
    const auto catalog = must(open());
    must(catalog->register_meters(meters_up_to(1)));
    must(catalog->close());
    expect_sound(path_);
    if (made || HasFailure()) break;
  }
}

}  // namespace
}  // namespace meterhouse

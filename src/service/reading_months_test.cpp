#include "service/reading_months.h"

#include <gtest/gtest.h>

#include "store/contract/must.h"
#include "store/memory/memory_readings.h"
#include "usage/testing.h"

namespace meterhouse {
namespace {

using testing_support::instant;

const SeriesKey kKey{MeterId::from_number(100'000'001), Channel::import_};

class ReadingMonthsTest : public testing::Test {
 protected:
  void take(std::string_view at) {
    must(store_.append_and_wait({Reading{kKey, instant(at), MilliWattHours{++register_}}}));
  }
  // What each visit was given: its readings, a space apart.
  std::vector<std::string> months(ReadRange range, std::size_t visits = 100) {
    std::vector<std::string> all;
    must(for_each_month(store_, kKey, range, calendar_, [&](const Series& month) -> Result<bool> {
      std::vector<std::string> readings;
      for (const Instant at : month.at) readings.push_back(calendar_.format(at).substr(0, 16));
      all.push_back(fmt::format("{}", fmt::join(readings, " ")));
      return --visits > 0;
    }));
    return all;
  }

  std::int64_t register_ = 0;
  const SiteCalendar calendar_ = testing_support::calendar_of("Asia/Singapore");
  ManualClock clock_{instant("2025-06-01T00:00:00+08:00")};
  MemoryReadingStore store_{clock_};
};

TEST_F(ReadingMonthsTest, GivesAMonthAtATimeAndNoEmptyOnes) {
  EXPECT_TRUE(months({}).empty());
  for (const char* at : {"2020-01-31T23:30:00+08:00", "2020-02-01T00:00:00+08:00", "2020-02-01T00:00:01+08:00",
                         "2025-05-01T12:00:00+08:00"})
    take(at);
  using Months = std::vector<std::string>;
  EXPECT_EQ(months({}), (Months{"2020-01-31T23:30 2020-02-01T00:00", "2020-02-01T00:00", "2025-05-01T12:00"}));
  EXPECT_EQ(months({}, 1), (Months{"2020-01-31T23:30 2020-02-01T00:00"}));
  EXPECT_EQ(months({instant("2020-02-01T00:00:00+08:00"), instant("2020-02-29T00:00:00+08:00")}),
            (Months{"2020-02-01T00:00", "2020-02-01T00:00"}));
  EXPECT_TRUE(months({instant("2020-03-01T00:00:01+08:00"), instant("2025-05-01T11:59:59+08:00")}).empty());
}

TEST_F(ReadingMonthsTest, AnErrorOfTheVisitEndsIt) {
  take("2025-05-01T12:00:00+08:00");
  const auto done = for_each_month(store_, kKey, {}, calendar_, [](const Series&) -> Result<bool> {
    return Error{Errc::io, "no room"};
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "no room");
}

}  // namespace
}  // namespace meterhouse

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "store/contract/catalog_contract.h"

namespace meterhouse {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Instant kNight = instant_from_epoch(1'740'067'800);
constexpr date::local_days kDay{date::days{20'139}};
constexpr date::local_days kEnd{date::days{49'712}};  // past every day
constexpr auto kOneDay = date::days{1};

ClosedDay closed_of(date::local_days day, std::uint64_t sequence = 10) {
  return {.day = day, .closed_at = kNight, .sequence = sequence, .readings = 9'600, .missing = 12};
}

DayTotal total_of(std::string area, std::int64_t energy = 1'000'000, Channel channel = Channel::import_) {
  return {.region = "Central",
          .area = std::move(area),
          .dwelling_type = "4-room",
          .channel = channel,
          .energy = MilliWattHours{energy},
          .meters = 200,
          .expected = 9'600,
          .found = 9'588,
          .estimated = 12,
          .estimated_energy = MilliWattHours{1'250}};
}

std::vector<TouchedDay> touched(const DayCatalog& catalog) {
  return must(catalog.touched_days(DayCatalog::kFirstDay, kEnd, DayCatalog::kMaxDaysPerPage));
}

TEST_P(CatalogContract, AnEmptyCatalogHasNoDays) {
  EXPECT_THAT(touched(catalog()), IsEmpty());
  EXPECT_EQ(must(catalog().closed_day(kDay)), std::nullopt);
  EXPECT_EQ(must(catalog().newest_closed_day()), std::nullopt);
  EXPECT_THAT(must(catalog().closed_days(DayCatalog::kFirstDay, kEnd, 10)), IsEmpty());
  EXPECT_THAT(must(catalog().day_totals(kDay)), IsEmpty());
  must(catalog().touch_days({}, 5));
}

TEST_P(CatalogContract, OfAGapTheDaysAreTouchedThatAreClosedOrTouched) {
  must(catalog().close_day(closed_of(kDay), {}));
  must(catalog().close_day(closed_of(kDay + kOneDay * 2), {}));
  must(catalog().touch_days(std::vector{kDay + kOneDay, kDay + kOneDay * 2}, 11));
  must(catalog().touch_known_days(kDay + kOneDay, kDay + kOneDay * 5, 12));
  EXPECT_THAT(touched(catalog()), ElementsAre(TouchedDay{kDay + kOneDay, 12}, TouchedDay{kDay + kOneDay * 2, 12}));
  must(catalog().touch_known_days(DayCatalog::kFirstDay, DayCatalog::kLastDay, 9));
  EXPECT_THAT(touched(catalog()),
              ElementsAre(TouchedDay{kDay, 9}, TouchedDay{kDay + kOneDay, 12}, TouchedDay{kDay + kOneDay * 2, 12}));
}

TEST_P(CatalogContract, ATouchedDayKeepsTheNewestFrameThatTouchesIt) {
  must(catalog().touch_days(std::vector{kDay + kOneDay, kDay, kDay}, 7));
  must(catalog().touch_days(std::vector{kDay, DayCatalog::kFirstDay, DayCatalog::kLastDay}, 9));
  must(catalog().touch_days(std::vector{kDay}, 8));
  const std::vector<TouchedDay> all{
      {DayCatalog::kFirstDay, 9}, {kDay, 9}, {kDay + kOneDay, 7}, {DayCatalog::kLastDay, 9}};
  for (int opened = 0; opened < 2; ++opened) {
    EXPECT_EQ(touched(catalog()), all);
    EXPECT_THAT(must(catalog().touched_days(DayCatalog::kFirstDay, kDay + kOneDay, 10)), ElementsAre(all[0], all[1]));
    EXPECT_THAT(must(catalog().touched_days(DayCatalog::kFirstDay, kEnd, 1)), ElementsAre(all[0]));
    EXPECT_THAT(must(catalog().touched_days(kDay, kEnd, 10)), ElementsAre(all[1], all[2], all[3]));
    EXPECT_THAT(must(catalog().touched_days(DayCatalog::kFirstDay, DayCatalog::kFirstDay, 10)), IsEmpty());
    place().reopen();
  }
}

TEST_P(CatalogContract, ATouchThatIsForgottenLeavesTheDayAndNewerTouches) {
  must(catalog().close_day(closed_of(kDay), {}));
  must(catalog().touch_days(std::vector{kDay, kDay + kOneDay}, 9));
  must(catalog().forget_touches(kDay + kOneDay, 8));
  must(catalog().forget_touches(kDay, 9));
  must(catalog().forget_touches(kDay + kOneDay * 2, 9));  // nobody touched it
  EXPECT_THAT(touched(catalog()), ElementsAre(TouchedDay{kDay + kOneDay, 9}));
  EXPECT_EQ(must(catalog().closed_day(kDay)), closed_of(kDay));
}

TEST_P(CatalogContract, KeepsEveryFieldOfAClosedDayAndItsTotals) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  ClosedDay full{kDay, kLastInstant, kMost, kMost, kMost};
  DayTotal most = total_of("碧山 'Bishan'", kMost);
  most.meters = most.expected = most.found = most.estimated = kMost;
  most.estimated_energy = MilliWattHours{std::numeric_limits<std::int64_t>::min()};
  must(catalog().close_day(full, std::vector{most, total_of("", 0)}));
  must(catalog().close_day({.day = DayCatalog::kFirstDay, .closed_at = kFirstInstant}, {}));
  for (int opened = 0; opened < 2; ++opened) {
    EXPECT_EQ(must(catalog().closed_day(kDay)), full);
    EXPECT_THAT(must(catalog().day_totals(kDay)), ElementsAre(total_of("", 0), most));
    EXPECT_THAT(must(catalog().day_totals(DayCatalog::kFirstDay)), IsEmpty());
    place().reopen();
  }
}

TEST_P(CatalogContract, TotalsComeByRegionAreaTypeAndChannel) {
  std::vector<DayTotal> expected{total_of("Bedok"), total_of("Bedok", 5, Channel::export_), total_of("Bishan")};
  expected.push_back(expected.back());
  expected.back().dwelling_type = "5-room";
  expected.push_back(total_of("Bedok"));
  expected.back().region = "East";
  std::vector<DayTotal> given{expected.rbegin(), expected.rend()};
  must(catalog().close_day(closed_of(kDay), given));
  must(catalog().close_day(closed_of(kDay + kOneDay), std::vector{given[1], given[0]}));
  EXPECT_EQ(must(catalog().day_totals(kDay)), expected);
  EXPECT_THAT(must(catalog().day_totals(kDay + kOneDay)), ElementsAre(given[1], given[0]));
}

TEST_P(CatalogContract, ClosingADayAgainReplacesWhatItHad) {
  must(catalog().close_day(closed_of(kDay), std::vector{total_of("Bedok", 1), total_of("Bishan", 2)}));
  must(catalog().close_day(closed_of(kDay + kOneDay), std::vector{total_of("Bedok", 3)}));
  ClosedDay again = closed_of(kDay, 11);
  again.readings = 9'601;
  again.closed_at += Seconds{60};
  must(catalog().close_day(again, std::vector{total_of("Newton", 4), total_of("Bishan", 5)}));
  EXPECT_EQ(must(catalog().closed_day(kDay)), again);
  EXPECT_THAT(must(catalog().day_totals(kDay)), ElementsAre(total_of("Bishan", 5), total_of("Newton", 4)));
  EXPECT_THAT(must(catalog().day_totals(kDay + kOneDay)), ElementsAre(total_of("Bedok", 3)));
  must(catalog().close_day(again, {}));
  EXPECT_THAT(must(catalog().day_totals(kDay)), IsEmpty());
}

TEST_P(CatalogContract, TwoTotalsOfOneKindAreRefusedAndChangeNothing) {
  must(catalog().touch_days(std::vector{kDay}, 5));
  must(catalog().close_day(closed_of(kDay, 4), std::vector{total_of("Bedok", 1)}));
  const Status refused = catalog().close_day(
      closed_of(kDay, 6), std::vector{total_of("Bishan"), total_of("Bedok", 2), total_of("Bedok", 3)});
  EXPECT_EQ(code_of(refused), Errc::invalid_argument);
  EXPECT_EQ(must(catalog().closed_day(kDay)), closed_of(kDay, 4));
  EXPECT_THAT(must(catalog().day_totals(kDay)), ElementsAre(total_of("Bedok", 1)));
  EXPECT_THAT(touched(catalog()), ElementsAre(TouchedDay{kDay, 5}));
}

TEST_P(CatalogContract, ClosingForgetsTouchesUpToTheWatermark) {
  const date::local_days other = kDay + kOneDay;
  must(catalog().touch_days(std::vector{kDay, other}, 10));
  struct Case {
    const char* name;
    std::uint64_t watermark;
    std::vector<TouchedDay> left;
  };
  for (const Case& c : {Case{"older than the touch", 9, {{kDay, 10}, {other, 10}}},
                        Case{"at the touch", 10, {{other, 10}}}, Case{"no touch any more", 11, {{other, 10}}}}) {
    SCOPED_TRACE(c.name);
    must(catalog().close_day(closed_of(kDay, c.watermark), std::vector{total_of("Bedok")}));
    EXPECT_EQ(touched(catalog()), c.left);
  }
  must(catalog().touch_days(std::vector{kDay}, 12));
  EXPECT_THAT(touched(catalog()), ElementsAre(TouchedDay{kDay, 12}, TouchedDay{other, 10}));
  EXPECT_EQ(must(catalog().closed_day(kDay)), closed_of(kDay, 11)) << "stays closed as it was until it is closed again";
}

TEST_P(CatalogContract, ClosedDaysAreListedInOrder) {
  for (const int offset : {3, 0, 7, 5}) must(catalog().close_day(closed_of(kDay + date::days{offset}), {}));
  const auto offsets = [&](int from, int to, std::size_t limit) {
    std::vector<int> days;
    for (const ClosedDay& closed : must(catalog().closed_days(kDay + date::days{from}, kDay + date::days{to}, limit)))
      days.push_back(static_cast<int>((closed.day - kDay).count()));
    return days;
  };
  EXPECT_THAT(offsets(-100, 100, 10), ElementsAre(0, 3, 5, 7));
  EXPECT_THAT(offsets(0, 7, 10), ElementsAre(0, 3, 5)) << "the end is not in it";
  EXPECT_THAT(offsets(1, 100, 2), ElementsAre(3, 5));
  EXPECT_THAT(offsets(3, 3, 10), IsEmpty());
  EXPECT_THAT(offsets(7, 3, 10), IsEmpty());
  EXPECT_EQ(must(catalog().newest_closed_day()), closed_of(kDay + date::days{7}));
}

// Closes a day over and over, each time with as many totals as its watermark says; a reader never sees a mixture.
TEST_P(CatalogContract, ReadersSeeADayWholeAsItWasClosed) {
  std::atomic<bool> closing{true};
  std::thread closer{[&] {
    for (std::int64_t round = 1; round <= 60; ++round) {
      std::vector<DayTotal> totals;
      for (std::int64_t i = 0; i < 1 + round % 7; ++i) totals.push_back(total_of(fmt::format("Area {}", i), round));
      EXPECT_FALSE(code_of(catalog().close_day(closed_of(kDay, static_cast<std::uint64_t>(round)), totals)));
    }
    closing = false;
  }};
  while (closing) {
    const auto totals = must(catalog().day_totals(kDay));
    if (totals.empty()) continue;
    const std::int64_t round = totals.front().energy.count();
    EXPECT_EQ(totals.size(), static_cast<std::size_t>(1 + round % 7));
    for (const DayTotal& total : totals) EXPECT_EQ(total.energy.count(), round);
  }
  closer.join();
}

TEST_P(CatalogContract, AfterCloseEveryCallForDaysIsUnavailable) {
  must(catalog().close());
  EXPECT_EQ(code_of(catalog().touch_days(std::vector{kDay}, 1)), Errc::unavailable);
  EXPECT_EQ(code_of(catalog().touched_days(kDay, kEnd, 1)), Errc::unavailable);
  EXPECT_EQ(code_of(catalog().close_day(closed_of(kDay), {})), Errc::unavailable);
  EXPECT_EQ(code_of(catalog().closed_day(kDay)), Errc::unavailable);
  EXPECT_EQ(code_of(catalog().closed_days(kDay, kEnd, 1)), Errc::unavailable);
  EXPECT_EQ(code_of(catalog().newest_closed_day()), Errc::unavailable);
  EXPECT_EQ(code_of(catalog().day_totals(kDay)), Errc::unavailable);
}

}  // namespace
}  // namespace meterhouse

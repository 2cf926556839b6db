#include "simulator/town.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/checksum.h"
#include "simulator/test_town.h"

namespace meterhouse::simulator {
namespace {

using namespace date::literals;

std::uint32_t checksum_of(const std::vector<Reading>& readings) { return crc32c(std::as_bytes(std::span{readings})); }

TEST(Town, TheSameSeedGivesTheSameBytes) {  // on every machine: these numbers change only with the simulator's design
  auto options = options_for(50, 2024_y / 12 / 20, 30);
  EXPECT_EQ(checksum_of(all_readings(town_of(options))), 1847691022u);
  options.seed = 2;
  EXPECT_NE(checksum_of(all_readings(town_of(options))), 1847691022u);
  options.seed = 1;
  options.disorder.rates.fill(0.01);
  EXPECT_EQ(checksum_of(all_readings(town_of(options))), 1885334750u);
}

TEST(Town, AMeterDoesNotDependOnHowManyThereAre) {
  const auto few = town_of(options_for(3, 2025_y / 3 / 1, 2));
  const auto many = town_of(options_for(300, 2025_y / 3 / 1, 2));
  for (std::uint32_t index = 0; index < few.size(); ++index) {
    EXPECT_EQ(few.meter(index), many.meter(index));
    EXPECT_EQ(few.series(index).size(), many.series(index).size());
  }
  auto expected = all_readings(many);
  std::erase_if(expected, [](const Reading& reading) { return reading.key().meter().number() > 100'000'003; });
  EXPECT_EQ(all_readings(few), expected);
}

TEST(Town, ASliceOfTimeIsAPartOfTheWhole) {
  for (const auto* zone : {"Asia/Singapore", "Europe/London", "Australia/Lord_Howe"}) {
    SCOPED_TRACE(zone);
    auto options = options_for(20, 2024_y / 9 / 25, 40);  // clocks change in it
    options.interval = Seconds{900};
    const auto whole = all_readings(town_of(options, small_site(zone)));
    const TimeRange slice{options.period.from + std::chrono::hours{31}, options.period.to - std::chrono::hours{77}};
    auto expected = whole;
    std::erase_if(expected, [&](const Reading& r) { return r.at() < slice.from || r.at() > slice.to; });

    options.period = slice;
    EXPECT_EQ(all_readings(town_of(options, small_site(zone))), expected);
  }
}

TEST(Town, OrderByMeterIsTheSameSet) {
  const auto town = town_of(options_for(10, 2025_y / 3 / 1, 3));
  auto by_time = all_readings(town, Order::by_time);
  const auto by_meter = all_readings(town, Order::by_meter);
  std::ranges::stable_sort(by_time, {}, &Reading::key);
  EXPECT_EQ(by_meter, by_time);
}

TEST(Town, ReadingsStandOnTheLocalGridOfDaysWith23And25Hours) {
  struct Case {
    const char* name;
    date::year_month_day day;
    std::size_t readings;  // both midnights included
  };
  for (const Case& c : {Case{"ordinary", 2025_y / 6 / 1, 49}, Case{"clocks forward", 2025_y / 3 / 30, 47},
                        Case{"clocks back", 2025_y / 10 / 26, 51}}) {
    SCOPED_TRACE(c.name);
    auto options = options_for(1, c.day, 1);
    options.period = SiteCalendar::of("Europe/London")->day(date::local_days{c.day});
    EXPECT_EQ(all_readings(town_of(options, small_site("Europe/London"))).size(), c.readings);
  }
}

TEST(Town, RegistersNeverDecreaseAndShowHundredths) {
  auto options = options_for(200, 2024_y / 1 / 1, 60);
  options.solar_share = 1;
  std::map<SeriesKey, MilliWattHours> last;
  for (const Reading& reading : all_readings(town_of(options))) {
    auto& before = last[reading.key()];
    ASSERT_GE(reading.register_value(), before) << reading.key().text();
    ASSERT_EQ(reading.register_value().count() % 10'000, 0);
    before = reading.register_value();
  }
  const auto exports =
      std::ranges::count_if(last, [](const auto& of) { return of.first.channel() == Channel::export_; });
  EXPECT_GT(exports, 3);
  EXPECT_EQ(last.size(), 200u + static_cast<std::size_t>(exports));
}

TEST(Town, AMeterLastsTwentyYears) {  // no day's energy turns negative, no register wraps unplanted
  const auto town = town_of(options_for(100, 2010_y / 1 / 1, 365 * 20));
  for (std::uint32_t index = 0; index < town.size(); ++index)
    for (const auto& series : town.series(index)) {
      for (std::size_t day = 0; day < town.days(); ++day) ASSERT_GE(town.energy_day(series, town.day(day)).energy, 0);
      EXPECT_LT(town.register_at(series, town.options().period.from),
                town.register_at(series, town.options().period.to));
    }
}

TEST(Town, MeansFollowThePublishedOnesByDwellingType) {
  const std::map<std::string, double> published = {{"1-room / 2-room", 167},
                                                   {"3-room", 277},
                                                   {"4-room", 366},
                                                   {"5-room and Executive", 453},
                                                   {"Landed Properties", 1256},
                                                   {"Private Apartments and Condominiums", 583}};
  const auto town = town_of(options_for(20'000, 2024_y / 1 / 1, 366));
  std::map<std::string, std::pair<double, int>> sums;
  for (std::uint32_t index = 0; index < town.size(); ++index) {
    const auto series = town.series(index).front();
    const auto used =
        town.register_at(series, town.options().period.to) - town.register_at(series, town.options().period.from);
    auto& [sum, count] = sums[town.meter(index).dwelling_type];
    sum += static_cast<double>(used.count()) / 1e6 / 12;
    ++count;
  }
  ASSERT_EQ(sums.size(), published.size());
  for (const auto& [type, mean] : published)
    EXPECT_NEAR(sums[type].first / sums[type].second, mean, mean * 0.04) << type;
  EXPECT_NEAR(sums["4-room"].second / 20'000.0, 0.316, 0.01);
  EXPECT_NEAR(sums["Landed Properties"].second / 20'000.0, 0.05, 0.005);
}

TEST(Town, ADayHasItsShape) {
  const auto town = town_of(options_for(500, 2025_y / 6 / 2, 14));
  std::map<std::int64_t, std::int64_t> by_hour;  // local
  std::map<SeriesKey, MilliWattHours> last;
  for (const Reading& reading : all_readings(town)) {
    if (reading.key().channel() == Channel::export_) continue;
    const auto before = last.contains(reading.key()) ? last[reading.key()] : reading.register_value();
    by_hour[(epoch_seconds(reading.at()) - 1 + 8 * 3600) / 3600 % 24] += (reading.register_value() - before).count();
    last[reading.key()] = reading.register_value();
  }
  EXPECT_GT(by_hour[20], by_hour[14] * 3 / 2);  // the evening peak
  EXPECT_GT(by_hour[7], by_hour[5]);            // the morning one
  EXPECT_GT(by_hour[7], by_hour[10]);
  EXPECT_GT(by_hour[2], by_hour[14] / 2);  // cooled nights
}

TEST(Town, RefusesWhatItCannotBuild) {
  const auto good = options_for(1, 2025_y / 1 / 1, 1);
  struct Case {
    const char* name;
    std::function<void(TownOptions&, Site&)> spoil;
    Errc code;
  };
  const Case cases[] = {
      {"interval", [](TownOptions& o, Site&) { o.interval = Seconds{1'000}; }, Errc::invalid_argument},
      {"no meters", [](TownOptions& o, Site&) { o.meters = 0; }, Errc::out_of_range},
      {"ids run out", [](TownOptions& o, Site&) { o.first_meter = MeterId::from_number(MeterId::kMax), o.meters = 2; },
       Errc::out_of_range},
      {"no areas", [](TownOptions&, Site& s) { s.regions.clear(); }, Errc::invalid_argument},
      {"no dwelling types", [](TownOptions&, Site& s) { s.dwelling_types.clear(); }, Errc::invalid_argument},
      {"no such zone", [](TownOptions&, Site& s) { s.timezone = "Mars/Olympus"; }, Errc::not_found},
      {"backwards", [](TownOptions& o, Site&) { o.period.to = o.period.from - Seconds{1}; }, Errc::out_of_range},
      {"too early", [](TownOptions& o, Site&) { o.period.from = kFirstInstant; }, Errc::out_of_range},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    auto options = good;
    auto site = small_site();
    c.spoil(options, site);
    const auto town = Town::build(options, site);
    ASSERT_FALSE(town.has_value());
    EXPECT_EQ(town.error().code, c.code);
  }
}

}  // namespace
}  // namespace meterhouse::simulator

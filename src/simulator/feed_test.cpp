#include "simulator/feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "simulator/test_town.h"

namespace meterhouse::simulator {
namespace {

using namespace date::literals;
using At = std::pair<SeriesKey, Instant>;

// What was sent and planted with one kind of fault, and what a clean town of the same seed sends.
struct Trial {
  std::vector<Reading> sent;
  std::vector<PlantedFault> faults;
  std::map<At, MilliWattHours> first;  // the first reading sent of each instant
  std::map<At, MilliWattHours> clean;
};

std::map<At, MilliWattHours> firsts(const std::vector<Reading>& readings) {
  std::map<At, MilliWattHours> first;
  for (const Reading& reading : readings) first.try_emplace({reading.key(), reading.at()}, reading.register_value());
  return first;
}

Trial trial_of(FaultKind kind, double rate, Order order = Order::by_time) {
  auto options = options_for(200, 2025_y / 2 / 1, 10);
  Trial trial;
  trial.clean = firsts(all_readings(town_of(options)));
  options.disorder[kind] = rate;
  const auto town = town_of(options);
  Feed feed{town, order, options.period, [&](const PlantedFault& fault) { trial.faults.push_back(fault); }};
  trial.sent = all_readings(feed);
  trial.first = firsts(trial.sent);
  for (const auto& fault : trial.faults) EXPECT_EQ(fault.kind, kind);
  return trial;
}

// The instants on which what was sent first differs from a clean town, or is missing.
std::set<At> differences(const Trial& trial) {
  std::set<At> different;
  for (const auto& [at, value] : trial.clean) {
    const auto found = trial.first.find(at);
    if (found == trial.first.end() || found->second != value) different.insert(at);
  }
  return different;
}

std::set<At> instants_of(const std::vector<PlantedFault>& faults) {
  std::set<At> instants;
  for (const auto& fault : faults)
    for (auto at = fault.from; at <= fault.to; at += Seconds{1800}) instants.emplace(fault.series, at);
  return instants;
}

TEST(Feed, DuplicatesAreSentTwiceUnchanged) {
  const auto trial = trial_of(FaultKind::duplicate, 0.01);
  EXPECT_NEAR(static_cast<double>(trial.faults.size()), static_cast<double>(trial.clean.size()) * 0.01,
              static_cast<double>(trial.clean.size()) * 0.002);
  EXPECT_EQ(trial.sent.size(), trial.clean.size() + trial.faults.size());
  EXPECT_EQ(trial.first, trial.clean);
}

TEST(Feed, AConflictComesAfterTheTruth) {
  const auto trial = trial_of(FaultKind::conflict, 0.01);
  EXPECT_EQ(trial.sent.size(), trial.clean.size() + trial.faults.size());
  EXPECT_EQ(trial.first, trial.clean);
  for (const auto& fault : trial.faults) {
    EXPECT_GT(fault.shown, fault.actual);
    EXPECT_THAT(trial.sent, testing::Contains(Reading(fault.series, fault.from, fault.shown)));
    if (&fault - trial.faults.data() > 20) break;
  }
}

TEST(Feed, OutOfOrderAndLateReadingsArriveLaterButArrive) {
  for (const auto kind : {FaultKind::out_of_order, FaultKind::late_hours, FaultKind::late_days}) {
    SCOPED_TRACE(to_string(kind));
    const auto trial = trial_of(kind, 0.05);
    EXPECT_GT(trial.faults.size(), 20u);
    EXPECT_EQ(trial.sent.size(), trial.clean.size());
    EXPECT_EQ(trial.first, trial.clean);
    EXPECT_FALSE(std::ranges::is_sorted(trial.sent, {}, &Reading::at));
    for (const auto& fault : trial.faults) EXPECT_GT(fault.delivered, fault.to);
  }
}

TEST(Feed, GapsAreExactlyTheMissingReadings) {
  const auto trial = trial_of(FaultKind::gap, 0.05);
  EXPECT_GT(trial.faults.size(), 50u);
  std::set<At> missing;
  for (const auto& [at, value] : trial.clean)
    if (!trial.first.contains(at)) missing.insert(at);
  EXPECT_EQ(missing, instants_of(trial.faults));
  EXPECT_EQ(differences(trial), missing);
}

TEST(Feed, DipsAndSpikesLastOneReading) {
  for (const auto kind : {FaultKind::dip, FaultKind::spike}) {
    SCOPED_TRACE(to_string(kind));
    const auto trial = trial_of(kind, 0.005);
    EXPECT_GT(trial.faults.size(), 100u);
    EXPECT_EQ(differences(trial), instants_of(trial.faults));
    for (const auto& fault : trial.faults) {
      EXPECT_EQ(trial.first.at({fault.series, fault.from}), fault.shown);
      EXPECT_EQ(trial.clean.at({fault.series, fault.from}), fault.actual);
      EXPECT_EQ(fault.shown.count() == 0, kind == FaultKind::dip);
    }
  }
}

TEST(Feed, AStuckRegisterStandsStillAndThenShowsTheTruth) {
  const auto trial = trial_of(FaultKind::stuck, 0.05);
  EXPECT_GT(trial.faults.size(), 20u);
  const auto planted = instants_of(trial.faults);
  for (const auto& at : differences(trial)) EXPECT_TRUE(planted.contains(at));
  for (const auto& fault : trial.faults)
    for (auto at = fault.from; at <= fault.to; at += Seconds{1800})
      EXPECT_EQ(trial.first.at({fault.series, at}), fault.shown);
}

TEST(Feed, ARolloverWrapsAtFiveDigits) {
  const auto trial = trial_of(FaultKind::rollover, 0.5);
  EXPECT_NEAR(static_cast<double>(trial.faults.size()), 100, 25);
  for (const auto& fault : trial.faults) {
    const auto before = trial.first.at({fault.series, fault.from - Seconds{1800}});
    const auto after = trial.first.at({fault.series, fault.from});
    EXPECT_EQ(fault.actual, before);
    EXPECT_EQ(fault.shown, after);
    EXPECT_GT(before.count(), 99'900'000'000);
    EXPECT_LT(after.count(), 100'000'000);
    // The energy is the clean town's, but for the cut to hundredths on either register.
    const auto clean =
        trial.clean.at({fault.series, fault.from}) - trial.clean.at({fault.series, fault.from - Seconds{1800}});
    EXPECT_NEAR(static_cast<double>(after.count() + 100'000'000'000 - before.count()),
                static_cast<double>(clean.count()), 20'000);
  }
}

TEST(Feed, AnExchangeContinuesTheEnergyOnANewRegister) {
  const auto trial = trial_of(FaultKind::exchange, 0.5);
  EXPECT_NEAR(static_cast<double>(trial.faults.size()), 100, 25);
  for (const auto& fault : trial.faults) {
    EXPECT_EQ(trial.first.at({fault.series, fault.from}), fault.actual);
    EXPECT_LT(fault.shown.count(), 10'000'000);
    const auto last = trial.clean.rbegin()->first.second;
    const auto since = trial.first.at({fault.series, last}) - fault.shown;
    const auto clean = trial.clean.at({fault.series, last}) - trial.clean.at({fault.series, fault.from});
    EXPECT_NEAR(static_cast<double>(since.count()), static_cast<double>(clean.count()), 20'000);
  }
}

TEST(Feed, ByMeterPlantsTheSameFaults) {
  auto by_time = trial_of(FaultKind::gap, 0.05), by_meter = trial_of(FaultKind::gap, 0.05, Order::by_meter);
  EXPECT_EQ(by_time.first, by_meter.first);
  EXPECT_EQ(instants_of(by_time.faults), instants_of(by_meter.faults));
}

TEST(Feed, FaultsBecomeOneLineEach) {
  std::string line;
  append_ndjson(line,
                {FaultKind::late_hours, SeriesKey{MeterId::from_number(100'000'001), Channel::import_},
                 local_midnight(2025_y / 2 / 20), local_midnight(2025_y / 2 / 21), MilliWattHours{1'230'000},
                 MilliWattHours{1'230'000}, local_midnight(2025_y / 2 / 22)},
                *SiteCalendar::of("Asia/Singapore"));
  EXPECT_EQ(line,
            R"({"fault":"late-hours","meter_id":"100000001","channel":"import","from":"2025-02-20T00:00:00+08:00",)"
            R"("to":"2025-02-21T00:00:00+08:00","actual":1.23,"shown":1.23,"delivered":"2025-02-22T00:00:00+08:00"})"
            "\n");
}

TEST(Feed, ABatchKeepsItsLimit) {
  const auto town = town_of(options_for(7, 2025_y / 2 / 1, 1));
  Feed feed{town, Order::by_time, town.options().period};
  std::vector<Reading> batch;
  std::size_t sum = 0;
  while (feed.next(batch, 10)) {
    EXPECT_LE(batch.size(), 10u);
    sum += batch.size();
  }
  EXPECT_EQ(sum, all_readings(town).size());
}

}  // namespace
}  // namespace meterhouse::simulator

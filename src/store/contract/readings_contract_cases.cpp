#include <atomic>
#include <future>

#include "store/contract/readings_contract.h"
#include "store/contract/sample_readings.h"

// What one caller sees, sentence by sentence of readings.h.
namespace meterhouse {
namespace {

using sample::key_of;
using sample::kMeter;
using sample::kNoon;
using sample::kOther;
using sample::noon_plus;
using sample::reading;
using sample::series;

std::vector<SeriesKey> keys_of(const Scanned& scanned) {
  std::vector<SeriesKey> keys;
  for (const auto& [key, found] : scanned) keys.push_back(key);
  return keys;
}

TEST_P(ReadingsContract, AnEmptyStoreAnswersNothing) {
  in_every_state([&] {
    EXPECT_TRUE(read(kMeter, {}, Neighbours::with).empty());
    EXPECT_TRUE(must(store().latest(kMeter, 5)).empty());
    EXPECT_TRUE(scan_all(store()).empty());
    EXPECT_TRUE(totals_of(store(), {}, {kNoon, noon_plus(30)}).empty());
    EXPECT_EQ(must(store().digest()), Digest{});
    EXPECT_EQ(store().stats().newest, std::nullopt);
  });
}

TEST_P(ReadingsContract, TellsTheNewestInstantOfAll) {
  append({reading(kMeter, noon_plus(30), 6), reading(key_of(100'000'002), kNoon, 5)});
  in_every_state([&] { EXPECT_EQ(store().stats().newest, noon_plus(30)); });
  append({reading(key_of(100'000'002), noon_plus(-30), 4)});
  in_every_state([&] { EXPECT_EQ(store().stats().newest, noon_plus(30)); });
}

TEST_P(ReadingsContract, CountsWhatBecameOfABatch) {
  struct Case {
    const char* name;
    std::vector<Reading> batch;
    AppendCounts counts;
  };
  const Reading first = reading(kMeter, kNoon, 5);
  const std::vector<Case> cases{
      {"new", {first, reading(kMeter, noon_plus(30), 6)}, {.accepted = 2}},
      {"the same again", {first}, {.duplicate = 1}},
      {"another register at an instant that has one", {reading(kMeter, kNoon, 4)}, {.conflict = 1}},
      {"the same channel of another meter", {reading(key_of(100'000'002), kNoon, 5)}, {.accepted = 1}},
      {"the other channel of the meter", {reading(key_of(100'000'001, Channel::export_), kNoon, 9)}, {.accepted = 1}},
      {"repeated within the batch",
       {reading(kMeter, noon_plus(60), 7), reading(kMeter, noon_plus(60), 7)},
       {.accepted = 1, .duplicate = 1}},
      {"in conflict within the batch",
       {reading(kMeter, noon_plus(90), 8), reading(kMeter, noon_plus(90), 9), reading(kMeter, noon_plus(90), 8)},
       {.accepted = 1, .duplicate = 1, .conflict = 1}},
      {"a register of 0 is a value", {reading(kMeter, noon_plus(120), 0)}, {.accepted = 1}},
      {"the loser of a conflict is a conflict again",
       {reading(kMeter, kNoon, 4), first},
       {.duplicate = 1, .conflict = 1}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    expect_counts(append(c.batch), c.counts);
  }
  in_every_state([&] {
    EXPECT_EQ(read(kMeter),
              series({{kNoon, 5}, {noon_plus(30), 6}, {noon_plus(60), 7}, {noon_plus(90), 8}, {noon_plus(120), 0}}));
    expect_counts(append({first, reading(kMeter, noon_plus(30), 66)}), {.duplicate = 1, .conflict = 1});
  });
}

TEST_P(ReadingsContract, TakesBatchesOfOneAndOfTheGreatestSize) {
  std::vector<Reading> batch;
  for (std::size_t i = 0; i < ReadingStore::kMaxBatchReadings; ++i) {
    const auto n = static_cast<std::int64_t>(i);
    batch.push_back(reading(key_of(static_cast<std::uint32_t>(i % 7)), noon_plus(n), n));
  }
  expect_counts(append(batch), {.accepted = batch.size()});
  expect_counts(append({batch.back()}), {.duplicate = 1});
  in_every_state([&] { EXPECT_EQ(read(key_of(3)).size(), 1'429u); });
}

TEST_P(ReadingsContract, ReadsARangeWithBothEndsAndItsNeighbours) {
  append({reading(kMeter, noon_plus(0), 1), reading(kMeter, noon_plus(30), 2), reading(kMeter, noon_plus(60), 3),
          reading(kMeter, noon_plus(90), 4), reading(kMeter, noon_plus(120), 5)});
  using Values = std::vector<MilliWattHours>;
  const auto values = [](const std::vector<std::int64_t>& counts) {
    Values result;
    for (const auto count : counts) result.emplace_back(count);
    return result;
  };
  struct Case {
    const char* name;
    ReadRange range;
    std::vector<std::int64_t> without, with;
  };
  const Seconds second{1};
  const std::vector<Case> cases{
      {"everything", {}, {1, 2, 3, 4, 5}, {1, 2, 3, 4, 5}},
      {"both ends on a reading", {noon_plus(30), noon_plus(90)}, {2, 3, 4}, {1, 2, 3, 4, 5}},
      {"both ends a second inside", {noon_plus(30) + second, noon_plus(90) - second}, {3}, {2, 3, 4}},
      {"one instant with a reading", {noon_plus(60), noon_plus(60)}, {3}, {2, 3, 4}},
      {"one instant without a reading", {noon_plus(61), noon_plus(61)}, {}, {3, 4}},
      {"between two readings", {noon_plus(61), noon_plus(89)}, {}, {3, 4}},
      {"before all", {kFirstInstant, noon_plus(-1)}, {}, {1}},
      {"after all", {noon_plus(121), kLastInstant}, {}, {5}},
      {"up to the first", {kFirstInstant, noon_plus(0)}, {1}, {1, 2}},
      {"from the last", {noon_plus(120), kLastInstant}, {5}, {4, 5}},
  };
  in_every_state([&] {
    for (const Case& c : cases) {
      SCOPED_TRACE(c.name);
      EXPECT_EQ(read(kMeter, c.range).registers, values(c.without));
      EXPECT_EQ(read(kMeter, c.range, Neighbours::with).registers, values(c.with));
    }
  });
}

TEST_P(ReadingsContract, GivesNoMoreReadingsThanAskedFor) {
  append({reading(kMeter, noon_plus(-60 * 24 * 70), 1), reading(kMeter, noon_plus(-60 * 24 * 35), 2),
          reading(kMeter, noon_plus(0), 3), reading(kMeter, noon_plus(30), 4)});
  const ReadRange from_noon{kNoon, kLastInstant};
  in_every_state([&] {
    EXPECT_EQ(must(store().read(kMeter, {}, Neighbours::without, 4)).size(), 4U);
    EXPECT_EQ(code_of(store().read(kMeter, {}, Neighbours::without, 3)), Errc::out_of_range);
    EXPECT_EQ(must(store().read(kMeter, from_noon, Neighbours::without, 2)).size(), 2U);
    EXPECT_EQ(must(store().read(kMeter, from_noon, Neighbours::with, 3)).size(), 3U);
    EXPECT_EQ(code_of(store().read(kMeter, from_noon, Neighbours::with, 2)), Errc::out_of_range);
  });
}

TEST_P(ReadingsContract, FindsNeighboursMonthsAndYearsAway) {
  const Instant years_ago = kNoon - std::chrono::hours{24 * 1'000};
  const Instant months_ahead = kNoon + std::chrono::hours{24 * 100};
  append({reading(kMeter, months_ahead, 9), reading(kMeter, years_ago, 1)});
  // Other channels have readings nearby: they are nobody else's neighbours.
  append({reading(key_of(100'000'000), kNoon, 3), reading(key_of(100'000'001, Channel::export_), kNoon, 4)});
  in_every_state([&] {
    EXPECT_EQ(without_flags(read(kMeter, {noon_plus(-30), noon_plus(30)}, Neighbours::with)),
              series({{years_ago, 1}, {months_ahead, 9}}));
    EXPECT_TRUE(read(kMeter, {noon_plus(-30), noon_plus(30)}).empty());
  });
}

TEST_P(ReadingsContract, LatestAreTheNewestAscending) {
  std::vector<Reading> batch;
  for (std::int64_t i = 0; i < 100; ++i)  // one every 18 hours: several months, and not in order
    batch.push_back(reading(kMeter, kNoon - std::chrono::hours{18 * ((i * 37) % 100)}, 1'000 - (i * 37) % 100));
  append(batch);
  in_every_state([&] {
    EXPECT_TRUE(must(store().latest(kMeter, 0)).empty());
    EXPECT_EQ(must(store().latest(kMeter, 1)).registers, std::vector{MilliWattHours{1'000}});
    EXPECT_EQ(must(store().latest(kMeter, 3)).registers,
              (std::vector{MilliWattHours{998}, MilliWattHours{999}, MilliWattHours{1'000}}));
    EXPECT_EQ(must(store().latest(kMeter, 100)), read(kMeter));
    EXPECT_EQ(must(store().latest(kMeter, 101)), read(kMeter));
    EXPECT_TRUE(must(store().latest(key_of(5), 3)).empty());
  });
}

TEST_P(ReadingsContract, ScansInTheOrderOfTheKeysWithinKeysAndRange) {
  const SeriesKey a = key_of(0), b = key_of(7), b_export = key_of(7, Channel::export_),
                  c = key_of(999'999'999, Channel::export_);
  append({reading(c, kNoon, 4), reading(b_export, kNoon, 3), reading(b, kNoon, 2), reading(a, kNoon, 1),
          reading(b, noon_plus(60), 5), reading(c, noon_plus(60), 6)});
  struct Case {
    const char* name;
    KeyRange keys;
    ReadRange range;
    std::vector<SeriesKey> visited;
  };
  const std::vector<Case> cases{
      {"all", {}, {}, {a, b, b_export, c}},
      {"both ends of the keys included", {b.packed(), b_export.packed()}, {}, {b, b_export}},
      {"one key", {b_export.packed(), b_export.packed()}, {}, {b_export}},
      {"between keys", {b_export.packed() + 1, c.packed() - 1}, {}, {}},
      {"no keys", {5, 4}, {}, {}},
      {"both ends of the range included", {}, {noon_plus(60), noon_plus(60)}, {b, c}},
      {"a channel without a reading in the range is left out", {}, {noon_plus(1), noon_plus(99)}, {b, c}},
      {"nothing in the range", {}, {noon_plus(1), noon_plus(59)}, {}},
  };
  in_every_state([&] {
    for (const Case& each : cases) {
      SCOPED_TRACE(each.name);
      const Scanned scanned = scan_all(store(), each.keys, each.range);
      EXPECT_EQ(keys_of(scanned), each.visited);
      for (const auto& [key, found] : scanned) {
        EXPECT_EQ(found, read(key, each.range));
      }
    }
  });
}

TEST_P(ReadingsContract, AFailedVisitEndsTheScanWithItsError) {
  append({reading(key_of(1), kNoon, 1), reading(key_of(2), kNoon, 1), reading(key_of(3), kNoon, 1)});
  in_every_state([&] {
    int visits = 0;
    const auto fail_at_second = [&](SeriesKey, const auto&) -> Status {
      if (++visits == 2) return Error{Errc::conflict, "enough"};
      return {};
    };
    EXPECT_EQ(code_of(store().scan({}, {}, fail_at_second)), Errc::conflict);
    EXPECT_EQ(visits, 2);
    visits = 0;
    EXPECT_EQ(code_of(store().scan_totals({}, {kNoon, kNoon}, fail_at_second)), Errc::conflict);
    EXPECT_EQ(visits, 2);
  });
}

TEST_P(ReadingsContract, TotalsAreTheDifferenceOrNothing) {
  const SeriesKey whole = key_of(1), no_start = key_of(2), no_end = key_of(3), dip = key_of(4), outside = key_of(5);
  const Instant from = noon_plus(0), to = noon_plus(60);
  append({reading(whole, noon_plus(-30), 1), reading(whole, from, 10), reading(whole, noon_plus(30), 10),
          reading(whole, to, 25), reading(whole, noon_plus(90), 99),                     //
          reading(no_start, noon_plus(30), 1), reading(no_start, to, 2),                 //
          reading(no_end, from, 1), reading(no_end, noon_plus(30), 2),                   //
          reading(dip, from, 10), reading(dip, noon_plus(30), 4), reading(dip, to, 25),  //
          reading(outside, noon_plus(-1), 1), reading(outside, noon_plus(61), 2)});
  const Totals exact{
      {whole, MilliWattHours{15}}, {no_start, std::nullopt}, {no_end, std::nullopt}, {dip, std::nullopt}};
  in_every_state([&] {
    expect_no_other_totals(totals_of(store(), {}, {from, to}), exact);
    expect_no_other_totals(totals_of(store(), {no_start.packed(), no_end.packed()}, {from, to}), {exact[1], exact[2]});
  });
}

TEST_P(ReadingsContract, KeepsTheEndsOfEveryType) {
  const SeriesKey first = key_of(0), last = key_of(MeterId::kMax, Channel::export_);
  for (const SeriesKey key : {first, last})
    append({reading(key, kLastInstant, kMaxRegister.count()), reading(key, kFirstInstant, 0)});
  in_every_state([&] {
    for (const SeriesKey key : {first, last})
      EXPECT_EQ(without_flags(read(key)), series({{kFirstInstant, 0}, {kLastInstant, kMaxRegister.count()}}));
  });
}

TEST_P(ReadingsContract, LateReadingsJoinFoldedMonths) {
  const Instant month_ago = kNoon - std::chrono::hours{24 * 31};
  append({reading(kMeter, month_ago, 10), reading(kMeter, month_ago + std::chrono::hours{1}, 12)});
  append({reading(kMeter, kNoon, 90)});
  must(store().fold());
  must(store().merge());
  // Into the folded month: between, before and onto what it holds; then once more after another fold.
  const Instant between = month_ago + std::chrono::minutes{30};
  expect_counts(append({reading(kMeter, between, 11), reading(kMeter, month_ago - std::chrono::hours{1}, 9),
                        reading(kMeter, month_ago, 10), reading(kMeter, month_ago, 99)}),
                {.accepted = 2, .duplicate = 1, .conflict = 1});
  must(store().fold());
  expect_counts(append({reading(kMeter, between, 11), reading(kMeter, between, 12)}), {.duplicate = 1, .conflict = 1});
  in_every_state([&] {
    EXPECT_EQ(without_flags(read(kMeter)), series({{month_ago - std::chrono::hours{1}, 9},
                                                   {month_ago, 10},
                                                   {between, 11},
                                                   {month_ago + std::chrono::hours{1}, 12},
                                                   {kNoon, 90}}));
  });
}

TEST_P(ReadingsContract, EachReadingOfALateBatchIsComparedAtItsOwnPlace) {
  const auto years_ago = [](int years, std::int64_t minutes) {
    return kNoon - std::chrono::hours{24 * 365 * years} + std::chrono::minutes{minutes};
  };
  std::vector<Reading> stored;
  for (const SeriesKey key : {kMeter, kOther})
    for (const int years : {3, 2, 1, 0}) stored.push_back(reading(key, years_ago(years, 0), 100 - years));
  append(stored);
  in_every_state([&, minutes = 0]() mutable {
    minutes += 30;  // each state has late readings of its own
    const SeriesKey late = key_of(100'000'003);
    const auto new_one = [&](SeriesKey key, int years) { return reading(key, years_ago(years, minutes), 50); };
    // In no order, two channels and years in turn; the first of those at one place that is free stays.
    expect_counts(append({new_one(kOther, 3), reading(kMeter, years_ago(1, 0), 99), new_one(kMeter, 1),
                          reading(kOther, years_ago(3, 0), 1), new_one(kMeter, 3), new_one(kMeter, 1),
                          reading(kMeter, years_ago(1, minutes), 51), reading(kMeter, years_ago(1, 0), 99),
                          new_one(late, 2), new_one(late, 2), reading(late, years_ago(2, minutes), 7)}),
                  {.accepted = 4, .duplicate = 4, .conflict = 3});
    EXPECT_EQ(without_flags(read(kMeter, {years_ago(1, minutes), years_ago(1, minutes)})),
              series({{years_ago(1, minutes), 50}}));
  });
}

TEST_P(ReadingsContract, ArrivalIsTheFirstOnesAndOutlivesFolds) {
  struct Case {
    Seconds delay;
    Arrival arrival;
  };
  const std::vector<Case> cases{{Seconds{-60}, Arrival::within_1h},     {Seconds{3'600}, Arrival::within_1h},
                                {Seconds{3'601}, Arrival::within_24h},  {Seconds{86'400}, Arrival::within_24h},
                                {Seconds{86'401}, Arrival::within_72h}, {Seconds{259'200}, Arrival::within_72h},
                                {Seconds{259'201}, Arrival::later}};
  std::vector<Reading> batch;
  for (const Case& c : cases) batch.push_back(reading(kMeter, kNoon - c.delay, 1));
  append(batch);
  place().clock().advance(std::chrono::hours{1'000});
  append(batch);  // duplicates have no effect, not on the arrival either
  in_every_state([&] {
    const Series found = read(kMeter);
    ASSERT_EQ(found.size(), cases.size());
    for (std::size_t i = 0; i < cases.size(); ++i)
      EXPECT_EQ(found.flags_at(found.size() - 1 - i).arrival, cases[i].arrival) << cases[i].delay.count();
  });
}

TEST_P(ReadingsContract, TheDigestIsOfTheWinningReadingsAlone) {
  Digest expected;
  expected.add(kMeter, kNoon, MilliWattHours{5});
  expected.add(key_of(100'000'001, Channel::export_), kNoon, MilliWattHours{7});
  append({reading(kMeter, kNoon, 5), reading(kMeter, kNoon, 6)});
  append({reading(key_of(100'000'001, Channel::export_), kNoon, 7), reading(kMeter, kNoon, 5)});
  in_every_state([&] { EXPECT_EQ(must(store().digest()).hex(), expected.hex()); });
}

TEST_P(ReadingsContract, KeepsChangesOfTheCatalog) {
  for (const std::string& change : {std::string{"{}"}, std::string{}, std::string(1 << 20, 'x')}) {
    std::promise<Status> done;
    store().record_change(change, [&](Status status) { done.set_value(std::move(status)); });
    must(done.get_future().get());
  }
  append({reading(kMeter, kNoon, 5)});
  in_every_state([&] { EXPECT_EQ(read(kMeter).size(), 1u); });
}

TEST_P(ReadingsContract, AfterCloseEveryCallIsUnavailable) {
  append({reading(kMeter, kNoon, 5)});
  must(store().close());
  const auto no_visit = [](SeriesKey, const auto&) -> Status { return Error{Errc::io, "visited a closed store"}; };
  EXPECT_EQ(code_of(store().append_and_wait({reading(kMeter, noon_plus(30), 6)})), Errc::unavailable);
  std::promise<Status> recorded;
  store().record_change("{}", [&](Status status) { recorded.set_value(std::move(status)); });
  EXPECT_EQ(code_of(recorded.get_future().get()), Errc::unavailable);
  EXPECT_EQ(code_of(store().read(kMeter, {}, Neighbours::without)), Errc::unavailable);
  EXPECT_EQ(code_of(store().latest(kMeter, 1)), Errc::unavailable);
  EXPECT_EQ(code_of(store().scan({}, {}, no_visit)), Errc::unavailable);
  EXPECT_EQ(code_of(store().scan_totals({}, {}, no_visit)), Errc::unavailable);
  EXPECT_EQ(code_of(store().digest()), Errc::unavailable);
  EXPECT_EQ(code_of(store().hold()), Errc::unavailable);
  EXPECT_EQ(code_of(store().release(nullptr)), Errc::unavailable);
  EXPECT_EQ(code_of(store().snapshot()), Errc::unavailable);
  EXPECT_EQ(code_of(store().drop_before(kNoon)), Errc::unavailable);
  EXPECT_EQ(code_of(store().fold()), Errc::unavailable);
  EXPECT_EQ(code_of(store().merge()), Errc::unavailable);
  EXPECT_EQ(code_of(store().close()), Errc::unavailable);
}

TEST_P(ReadingsContract, CloseFinishesWhatWasAppended) {
  constexpr int kBatches = 50;
  std::atomic<int> acknowledged{0};
  std::atomic<int> refused{0};
  for (int i = 0; i < kBatches; ++i)
    store().append({reading(kMeter, noon_plus(i), i)}, [&](const Result<AppendCounts>& counts) {
      ++(counts && counts->accepted == 1 ? acknowledged : refused);
    });
  must(store().close());
  EXPECT_EQ(acknowledged.load(), kBatches);
  EXPECT_EQ(refused.load(), 0);
  if (!place().durable()) return;
  place().reopen();
  EXPECT_EQ(read(kMeter).size(), static_cast<std::size_t>(kBatches));
}

TEST_P(ReadingsContract, WhatWasAcknowledgedSurvivesACrash) {
  append({reading(kMeter, kNoon, 5)});
  must(store().fold());
  append({reading(kMeter, noon_plus(30), 6)});
  if (!place().crash()) GTEST_SKIP() << "this store cannot play a crash";
  EXPECT_EQ(without_flags(read(kMeter)), series({{kNoon, 5}, {noon_plus(30), 6}}));
  expect_counts(append({reading(kMeter, kNoon, 5), reading(kMeter, noon_plus(30), 7)}),
                {.duplicate = 1, .conflict = 1});
}

}  // namespace
}  // namespace meterhouse

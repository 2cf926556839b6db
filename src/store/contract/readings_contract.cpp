#include "store/contract/readings_contract.h"

#include <algorithm>
#include <map>

namespace meterhouse {

void expect_counts(const AppendCounts& actual, const AppendCounts& expected) {
  AppendCounts wanted = expected;
  wanted.exactness = actual.exactness;
  if (actual.exactness == AppendCounts::Exactness::deferred) {
    wanted.accepted += wanted.duplicate + wanted.conflict;
    wanted.duplicate = wanted.conflict = 0;
  }
  EXPECT_EQ(actual.accepted, wanted.accepted);
  EXPECT_EQ(actual.duplicate, wanted.duplicate);
  EXPECT_EQ(actual.conflict, wanted.conflict);
  EXPECT_EQ(actual.pending, wanted.pending);
}

namespace {

std::string text_at(const Series& series, std::size_t index) {
  if (index >= series.size()) return "nothing";
  return fmt::format("{} mWh at {}, flags {}", series.registers[index].count(), epoch_seconds(series.at[index]),
                     series.flags_at(index).packed());
}

}  // namespace

void expect_same(const Series& actual, const Series& expected) {
  if (actual == expected) return;
  std::size_t i = 0;
  while (text_at(actual, i) == text_at(expected, i)) ++i;
  ADD_FAILURE() << fmt::format("{} readings, expected {}; reading {} is {}, expected {}", actual.size(),
                               expected.size(), i, text_at(actual, i), text_at(expected, i));
}

void expect_same(const Scanned& actual, const Scanned& expected) {
  for (std::size_t i = 0; i < std::min(actual.size(), expected.size()); ++i) {
    SCOPED_TRACE(expected[i].first.text());
    ASSERT_EQ(actual[i].first.text(), expected[i].first.text());
    expect_same(actual[i].second, expected[i].second);
  }
  EXPECT_EQ(actual.size(), expected.size());
}

Series without_flags(Series series) {
  series.flags.clear();
  return series;
}

Scanned scan_all(const ReadingStore& store, KeyRange keys, ReadRange range) {
  Scanned scanned;
  must(store.scan(keys, range, [&](SeriesKey key, const SeriesView& series) -> Status {
    scanned.emplace_back(key, series.copy());
    return {};
  }));
  return scanned;
}

Totals totals_of(const ReadingStore& store, KeyRange keys, ReadRange range) {
  Totals totals;
  must(store.scan_totals(keys, range, [&](SeriesKey key, std::optional<MilliWattHours> total) -> Status {
    totals.emplace_back(key, total);
    return {};
  }));
  return totals;
}

void expect_no_other_totals(const Totals& actual, const Totals& exact) {
  std::map<SeriesKey, std::optional<MilliWattHours>> expected{exact.begin(), exact.end()};
  std::optional<SeriesKey> before;
  for (const auto& [key, total] : actual) {
    SCOPED_TRACE(key.text());
    EXPECT_TRUE(!before || *before < key);
    before = key;
    const auto found = expected.extract(key);
    EXPECT_TRUE(!total || (!found.empty() && total == found.mapped()));
  }
  EXPECT_TRUE(expected.empty()) << expected.size() << " channels were left out";
}

namespace {

Scanned without_flags(Scanned scanned) {
  for (auto& [key, series] : scanned) series.flags.clear();
  return scanned;
}

}  // namespace

void expect_same_answers(const ReadingStore& store, const ReadingStore& model, const std::vector<SeriesKey>& keys,
                         const std::vector<ReadRange>& ranges) {
  EXPECT_EQ(must(store.digest()).hex(), must(model.digest()).hex());
  for (const ReadRange& range : ranges) {
    SCOPED_TRACE(fmt::format("range [{}, {}]", epoch_seconds(range.from), epoch_seconds(range.to)));
    for (const SeriesKey key : keys) {
      SCOPED_TRACE(key.text());
      for (const Neighbours neighbours : {Neighbours::without, Neighbours::with})
        expect_same(without_flags(must(store.read(key, range, neighbours))),
                    without_flags(must(model.read(key, range, neighbours))));
    }
    expect_same(without_flags(scan_all(store, {}, range)), without_flags(scan_all(model, {}, range)));
    expect_no_other_totals(totals_of(store, {}, range), totals_of(model, {}, range));
  }
  for (const SeriesKey key : keys)
    for (const std::size_t count : {1u, 2u, 100u, 1'000'000u})
      expect_same(without_flags(must(store.latest(key, count))), without_flags(must(model.latest(key, count))));
}

void ReadingsContract::in_every_state(const std::function<void()>& check) {
  {
    SCOPED_TRACE("as appended");
    check();
  }
  {
    SCOPED_TRACE("after a reopen");
    place().reopen();
    check();
  }
  {
    SCOPED_TRACE("after a fold");
    must(store().fold());
    check();
  }
  {
    SCOPED_TRACE("after a merge");
    must(store().merge());
    check();
  }
  {
    SCOPED_TRACE("after a fold, a merge and a reopen");
    place().reopen();
    check();
  }
}

}  // namespace meterhouse

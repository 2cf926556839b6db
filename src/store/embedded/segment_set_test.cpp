#include "store/embedded/segment_set.h"

#include <gtest/gtest.h>

#include <set>

#include "base/property_test.h"
#include "base/testing/simulated_disk.h"
#include "store/embedded/test_segments.h"

namespace meterhouse {
namespace {

using samples::Content;
using samples::key_of;
using samples::kHalfHour;
using samples::kSampleStart;

constexpr Seconds kMonth = kHalfHour * 48 * 30;

TimeRange month(int index) { return {kSampleStart + kMonth * index, kSampleStart + kMonth * (index + 1)}; }

// Segments on a simulated disk, as folds leave them.
class Segments {
 public:
  Segments() { EXPECT_TRUE(files_.create_directories("/data")); }

  // Of a fold of its own, later than those added before.
  void add(int month_index, const Content& content) {
    ++fold_;
    const TimeRange bounds = month(month_index);
    SegmentEntry entry{fmt::format("{}.segment", fold_), bounds, fold_, fold_, 0, 0};
    auto writer = SegmentWriter::create(files_, path(entry), {bounds.from, bounds.to, fold_, fold_});
    ASSERT_TRUE(writer);
    for (const auto& [key, series] : content) ASSERT_TRUE(writer->add(key, series));
    const auto info = writer->finish();
    ASSERT_TRUE(info);
    entry.size_bytes = info->size_bytes;
    entry.readings = info->readings;
    entries_.push_back(entry);
  }
  // One byte within the first block of the fold's segment.
  void damage(std::uint64_t fold) {
    auto bytes = files_.content(path(entries_[fold - 1]));
    bytes[18] ^= std::byte{1};
    files_.set_content(path(entries_[fold - 1]), bytes);
  }
  std::shared_ptr<const SegmentSet> open() { return SegmentSet::open(files_, "/data", entries_).value(); }

 private:
  static std::string path(const SegmentEntry& entry) { return "/data/" + entry.name; }

  SimulatedDisk files_;
  std::vector<SegmentEntry> entries_;
  std::uint64_t fold_ = 0;
};

Instant at(int month_index, int half_hour) { return month(month_index).from + kHalfHour * half_hour; }

Series readings(const std::vector<std::pair<Instant, std::int64_t>>& values) {
  Series series;
  for (const auto& [instant, value] : values) series.push_back(instant, MilliWattHours{value});
  return series;
}

using Stands = std::vector<std::optional<MilliWattHours>>;
Stands stands(const std::vector<SoughtPlace>& places) {
  Stands result;
  for (const SoughtPlace& place : places) result.push_back(place.stands);
  return result;
}
std::optional<MilliWattHours> mwh(std::int64_t value) { return MilliWattHours{value}; }

TEST(SegmentSetFind, TellsWhatStandsAtEachPlace) {
  Segments segments;
  segments.add(0, {{key_of(1), readings({{at(0, 1), 11}, {at(0, 3), 13}})}, {key_of(7), readings({{at(0, 2), 72}})}});
  segments.add(0, {{key_of(1), readings({{at(0, 2), 12}, {at(0, 3), 99}})}});  // of one instant the lower fold counts
  segments.add(2, {{key_of(1), readings({{at(2, 1), 21}})}});
  std::vector<SoughtPlace> places{{key_of(0), at(0, 1)}, {key_of(1), at(0, 1)}, {key_of(1), at(0, 2)},
                                  {key_of(1), at(0, 3)}, {key_of(1), at(0, 3)}, {key_of(1), at(1, 3)},
                                  {key_of(1), at(2, 1)}, {key_of(7), at(0, 1)}, {key_of(7), at(0, 2)}};
  ASSERT_TRUE(segments.open()->find(places));
  const Stands expected{{}, mwh(11), mwh(12), mwh(13), mwh(13), {}, mwh(21), {}, mwh(72)};
  EXPECT_EQ(stands(places), expected);
  EXPECT_TRUE(segments.open()->find({}));
  EXPECT_TRUE(SegmentSet{}.find(places));
}

TEST(SegmentSetFind, OfPlacesFarApartNothingBetweenIsRead) {
  Segments segments;
  for (int i = 0; i < 5; ++i) segments.add(i, {{key_of(1), readings({{at(i, 1), i}, {at(i, 9), i}})}});
  for (const std::uint64_t fold : {2, 3, 4}) segments.damage(fold);  // who reads them gets an error
  const auto set = segments.open();
  std::vector<SoughtPlace> places{{key_of(1), at(0, 9)}, {key_of(1), at(4, 1)}};
  ASSERT_TRUE(set->find(places));
  EXPECT_EQ(stands(places), (Stands{mwh(0), mwh(4)}));
  Series between;
  EXPECT_FALSE(set->read_into(key_of(1), {at(0, 9), at(4, 1)}, 100, between));
}

TEST(SegmentSetFind, WhatCannotBeReadLeavesWhatElseIsTold) {
  Segments segments;
  segments.add(0, {{key_of(1), readings({{at(0, 1), 1}})}, {key_of(2), readings({{at(0, 1), 2}})}});
  segments.add(0, {{key_of(1), readings({{at(0, 1), 9}, {at(0, 2), 3}})}, {key_of(3), readings({{at(0, 1), 4}})}});
  segments.damage(1);
  const auto set = segments.open();
  std::vector<SoughtPlace> places{{key_of(1), at(0, 2)}, {key_of(3), at(0, 1)}};
  const Status found = set->find(places);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Errc::corruption);
  EXPECT_EQ(stands(places), (Stands{mwh(3), mwh(4)}));

  std::vector<SoughtNewest> channels{{key_of(0)}, {key_of(1)}, {key_of(3)}};
  const Status newest = set->find_newest(channels);
  ASSERT_FALSE(newest);
  EXPECT_EQ(newest.error().code, Errc::corruption);
  EXPECT_EQ(channels[0].newest, std::nullopt);  // its key lies before the damaged group
  EXPECT_EQ(channels[1].newest, kLastInstant);
  EXPECT_EQ(channels[2].newest, kLastInstant);
}

RC_GTEST_PROP(SegmentSetProperty, AnswersAsReadsOneByOne, ()) {
  samples::SampleNumbers random{*rc::gen::arbitrary<std::uint64_t>()};
  const auto meters = *rc::gen::inRange<std::int64_t>(1, 400);
  Segments segments;
  for (int fold = 0; fold < 5; ++fold) {
    const auto month_index = static_cast<int>(random.below(3));
    Content content;
    for (std::uint32_t meter = 0; meter < meters; ++meter) {
      if (random.below(3) == 0) continue;
      std::set<std::int64_t> half_hours;
      for (auto left = 1 + random.below(40); left > 0; --left) half_hours.insert(1 + random.below(60));
      Series& series = content[key_of(meter)];
      for (const auto half_hour : half_hours)
        series.push_back(at(month_index, static_cast<int>(half_hour)), MilliWattHours{random.below(1'000'000)});
    }
    segments.add(month_index, content);
  }
  const auto set = segments.open();

  std::vector<SoughtPlace> places;
  std::vector<SoughtNewest> channels;
  for (std::uint32_t meter = 0; meter < meters + 2; ++meter) {
    if (random.below(4) == 0) continue;
    channels.push_back({key_of(meter)});
    std::multiset<Instant> instants;
    for (auto left = random.below(6); left > 0; --left)
      instants.insert(at(static_cast<int>(random.below(3)), static_cast<int>(random.below(62))));
    for (const Instant instant : instants) places.push_back({key_of(meter), instant});
  }
  RC_ASSERT(set->find(places).has_value());
  RC_ASSERT(set->find_newest(channels).has_value());
  Series series;
  for (const SoughtPlace& place : places) {
    series.clear();
    RC_ASSERT(set->read_into(place.key, {place.at, place.at}, 10, series).has_value());
    RC_ASSERT(place.stands == (series.empty() ? std::nullopt : std::optional{series.registers.front()}));
  }
  for (const SoughtNewest& channel : channels) {
    RC_ASSERT(set->newest(channel.key, kLastInstant, 1, series).has_value());
    RC_ASSERT(channel.newest == (series.empty() ? std::nullopt : std::optional{series.at.front()}));
  }
}

}  // namespace
}  // namespace meterhouse

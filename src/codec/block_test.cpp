#include "codec/block.h"

#include <gtest/gtest.h>

#include "base/property_test.h"
#include "codec/block_header.h"
#include "codec/testing/sample_series.h"

namespace meterhouse {
namespace {

using samples::household;
using samples::kCentiKwh;
using samples::kHalfHour;
using samples::kSampleStart;

const SeriesKey kKey{MeterId::from_number(100'000'001), Channel::import_};

Series series_of(std::vector<std::pair<std::int64_t, std::int64_t>> readings) {
  Series series;
  for (const auto& [seconds, value] : readings) series.push_back(instant_from_epoch(seconds), MilliWattHours{value});
  return series;
}

Series with_flag(Series series, std::size_t index, ReadingFlags flag) {
  series.flags.resize(series.size());
  series.flags[index] = flag;
  return series;
}

void expect_round_trip(SeriesKey key, const Series& series, std::optional<ReadingBefore> before) {
  const auto bytes = encode_block(key, series, before);
  const auto summary = decode_block_header(bytes);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->key, key);
  EXPECT_EQ(summary->count, series.size());
  EXPECT_EQ(summary->first, series.at.front());
  EXPECT_EQ(summary->last, series.at.back());
  EXPECT_EQ(summary->first_register, series.registers.front());
  EXPECT_EQ(summary->last_register, series.registers.back());
  EXPECT_EQ(summary->before, before);
  EXPECT_EQ(summary->size_bytes, bytes.size());

  Series decoded;
  const auto status = decode_block(bytes, decoded);
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_EQ(decoded, series);
  EXPECT_EQ(verify_block(bytes).value(), *summary);
}

TEST(Block, KeepsEverySeries) {
  const auto max = kMaxRegister.count();
  struct Case {
    const char* name;
    Series series;
    std::optional<ReadingBefore> before;
  };
  const ReadingBefore one_step_before{kSampleStart, MilliWattHours{5 * kCentiKwh}};
  for (const Case& c : {
           Case{"one reading", series_of({{1'000, 7}}), {}},
           Case{"one reading of zero at the first instant", series_of({{0, 0}}), {}},
           Case{"one reading and the one before", series_of({{1'800, 7}}),
                ReadingBefore{instant_from_epoch(0), MilliWattHours{9}}},
           Case{"the largest register at the last instant", series_of({{0xFFFFFFFF, max}}), {}},
           Case{"from nothing to the largest register and back", series_of({{0, 0}, {1, max}, {2, 0}}), {}},
           Case{"the whole range of instants", series_of({{0, 1}, {0xFFFFFFFF, 2}}), {}},
           Case{"the step changes once", series_of({{0, 1}, {1, 2}, {0xFFFFFFFF, 3}}), {}},
           Case{"a month", household(1'488), one_step_before},
           Case{"a day", household(48), one_step_before},
           Case{"a full frame of deltas", household(9), {}},
           Case{"one more than a full frame", household(10), {}},
           Case{"steps of a whole kWh", household(100, 2, 1'000'000), {}},
           Case{"steps of a mWh", household(100, 2, 1), {}},
           Case{"the register stands still", series_of({{0, 50}, {60, 50}, {120, 50}, {180, 50}}), {}},
           Case{"a dip to zero and back", series_of({{0, 70'000}, {60, 0}, {120, 80'000}}), {}},
           Case{"the one before is higher", series_of({{60, 10}, {120, 20}}),
                ReadingBefore{instant_from_epoch(0), MilliWattHours{900}}},
           Case{"the one before lies farther than a step", household(48),
                ReadingBefore{instant_from_epoch(1), MilliWattHours{1}}},
           Case{"flags on one reading", with_flag(household(48), 17, {Arrival::later, ReadingStatus::held}), {}},
       }) {
    SCOPED_TRACE(c.name);
    expect_round_trip(kKey, c.series, c.before);
  }
}

TEST(Block, SummaryTellsStepAndMonotone) {
  struct Case {
    const char* name;
    Series series;
    std::optional<ReadingBefore> before;
    std::int64_t step;
    bool monotone;
  };
  const ReadingBefore higher{instant_from_epoch(0), MilliWattHours{99}};
  for (const Case& c : {
           Case{"one reading has no step", series_of({{60, 7}}), {}, 0, true},
           Case{"regular", series_of({{60, 7}, {120, 7}, {180, 9}}), {}, 60, true},
           Case{"irregular", series_of({{60, 7}, {120, 8}, {240, 9}}), {}, 0, true},
           Case{"falls", series_of({{60, 7}, {120, 6}}), {}, 60, false},
           Case{"falls from the one before", series_of({{60, 7}, {120, 8}}), higher, 60, false},
       }) {
    SCOPED_TRACE(c.name);
    const auto summary = decode_block_header(encode_block(kKey, c.series, c.before));
    ASSERT_TRUE(summary);
    EXPECT_EQ(summary->step.count(), c.step);
    EXPECT_EQ(summary->monotone, c.monotone);
  }
}

TEST(Block, KeepsLongSeries) {
  expect_round_trip(kKey, household(10'000), {});
  Series seconds;
  samples::SampleNumbers numbers{3};
  std::int64_t total = 0;
  for (int i = 0; i < 100'000; ++i)
    seconds.push_back(kSampleStart + Seconds{i}, MilliWattHours{total += numbers.below(300)});
  expect_round_trip(kKey, seconds, {});
}

// What the size budget of the store rests on; bench/codec_bench.cpp has the figures on more data.
TEST(Block, IsSmall) {
  const ReadingBefore before{kSampleStart, household(1).registers[0]};
  EXPECT_LE(encode_block(kKey, household(1'488), before).size(), 1'488 * 0.87);
  EXPECT_LE(encode_block(kKey, household(144), before).size(), 144 * 1.02);
  EXPECT_LE(encode_block(kKey, household(48), before).size(), 48 * 1.36);
}

TEST(Block, MissingReadingsCostAFewBytes) {
  const Series whole = household(1'488);
  Series gaps;
  for (std::size_t i = 0; i < whole.size(); ++i)
    if (i % 300 != 100) gaps.push_back(whole.at[i], whole.registers[i]);
  EXPECT_LE(encode_block(kKey, gaps).size(), encode_block(kKey, whole).size() + 40);
}

TEST(Block, StandsBeforeOtherBytes) {
  auto bytes = encode_block(kKey, household(48));
  const auto size = bytes.size();
  append_block(bytes, SeriesKey{MeterId::from_number(2), Channel::export_}, household(20, 2));
  Series decoded;
  ASSERT_TRUE(decode_block(bytes, decoded));
  EXPECT_EQ(decoded, household(48));
  EXPECT_EQ(decode_block_header(bytes)->size_bytes, size);
  ASSERT_TRUE(decode_block(std::span{bytes}.subspan(size), decoded));
  EXPECT_EQ(decoded, household(20, 2));
}

TEST(Block, DecodesOverAnyOldContent) {
  Series out = with_flag(household(3'000, 9), 5, {Arrival::later, ReadingStatus::ok});
  for (const std::size_t count : {1'488u, 2'000u, 48u, 1u, 4'000u}) {
    ASSERT_TRUE(decode_block(encode_block(kKey, household(count)), out));
    EXPECT_EQ(out, household(count));
  }
}

TEST(BlockDeath, RefusesWhatIsNoSeries) {
  Series series = series_of({{60, 7}, {120, 8}});
  EXPECT_DEATH(encode_block(kKey, Series{}), "empty");
  EXPECT_DEATH(encode_block(kKey, series, ReadingBefore{instant_from_epoch(60), MilliWattHours{1}}), "before");
  std::swap(series.at[0], series.at[1]);
  EXPECT_DEATH(encode_block(kKey, series), "adjacent_find");
  EXPECT_DEATH(encode_block(kKey, series_of({{0, -1}})), "in_range");
}

// A series of any shape a store may hold: how its times, its registers and its flags go are drawn one by one.
Series any_series(std::size_t max_count) {
  const auto count = *rc::gen::inRange<std::size_t>(1, max_count + 1);
  const auto step = *rc::gen::element<std::int64_t>(1, 7, 60, 900, 1'800, 86'400);
  const auto jitter = *rc::gen::element<std::int64_t>(1, 1, 2, 30, 100'000);  // 1: none
  const auto gap_every = *rc::gen::element<std::int64_t>(0, 0, 3, 40);
  const auto unit = *rc::gen::element<std::int64_t>(1, 10, 1'000, 10'000, 1'000'000, 100'000'000);
  const auto widest = *rc::gen::inRange<unsigned>(0, 54);
  const auto fall_every = *rc::gen::element<std::int64_t>(0, 0, 2, 50);
  const auto flag_every = *rc::gen::element<std::int64_t>(0, 0, 1, 20);
  samples::SampleNumbers numbers{*rc::gen::arbitrary<std::uint64_t>()};

  const auto limit = kMaxRegister.count() / unit;
  const auto one_in = [&](std::int64_t every) { return every > 0 && numbers.below(every) == 0; };
  Series series;
  auto at = numbers.below(1'000'000'000);
  auto total = numbers.below(limit);
  for (std::size_t i = 0; i < count && at <= epoch_seconds(kLastInstant); ++i) {
    ReadingFlags flag;
    if (one_in(flag_every)) flag = ReadingFlags::from_packed(static_cast<std::uint8_t>(numbers.below(16)));
    series.push_back(instant_from_epoch(at), MilliWattHours{total * unit}, flag);
    at += step + numbers.below(jitter) + (one_in(gap_every) ? step * numbers.below(50) : 0);
    const auto delta = numbers.below((std::int64_t{1} << widest >> numbers.below(4)) + 1);
    total = one_in(fall_every) ? std::max<std::int64_t>(0, total - delta) : std::min(limit, total + delta);
  }
  return series;
}

RC_GTEST_PROP(BlockProperty, DecodesToWhatWasEncoded, ()) {
  const auto series = any_series(400);
  const SeriesKey key{MeterId::from_number(*rc::gen::inRange<std::uint32_t>(0, MeterId::kMax + 1)),
                      *rc::gen::element(Channel::import_, Channel::export_)};
  std::optional<ReadingBefore> before;
  if (*rc::gen::arbitrary<bool>() && series.at.front() > kFirstInstant) {
    const auto first = epoch_seconds(series.at.front());
    const auto gap = *rc::gen::inRange<std::int64_t>(1, std::min<std::int64_t>(first, 4'000) + 1);
    before = ReadingBefore{instant_from_epoch(first - gap),
                           MilliWattHours{*rc::gen::inRange<std::int64_t>(0, kMaxRegister.count())}};
  }
  const auto bytes = encode_block(key, series, before);
  Series decoded;
  RC_ASSERT(decode_block(bytes, decoded).has_value());
  RC_ASSERT(decoded == series);
  const auto summary = decode_block_header(bytes);
  RC_ASSERT(summary.has_value());
  RC_ASSERT(summary->before == before);
  RC_ASSERT(summary->last == series.at.back());
  RC_ASSERT(summary->last_register == series.registers.back());
}

TEST(Block, DecodesBehindOtherReadingsWithTheirFlags) {
  const Series first = household(50);
  Series second = household(40, 2);
  for (Instant& at : second.at) at += kHalfHour * 50;
  const ReadingFlags late{Arrival::later, ReadingStatus::ok};
  for (const auto& [a, b] : {std::pair{first, second}, std::pair{with_flag(first, 3, late), second},
                             std::pair{first, with_flag(second, 7, late)}}) {
    Series expected = a;
    for (std::size_t i = 0; i < b.size(); ++i) expected.push_back(b.at[i], b.registers[i], b.flags_at(i));
    Series out = a;
    out.at.resize(a.size() + b.size());
    out.registers.resize(a.size() + b.size());
    auto bytes = encode_block(kKey, b);
    BlockHeader header;
    ASSERT_TRUE(read_block_header(bytes, header));
    ASSERT_TRUE(decode_front(header, bytes, b.size(), Instants::write, out, a.size()));
    EXPECT_EQ(out, expected);
    out.flags.clear();
    bytes.back() ^= std::byte{1};
    EXPECT_FALSE(decode_front(header, bytes, b.size(), Instants::write, out, a.size()));
  }
}

TEST(Block, DecodesNoMoreThanIsWanted) {
  const Series all = household(50);
  Series gap = all;  // not regular: the codec cannot stop early
  for (std::size_t i = 20; i < gap.size(); ++i) gap.at[i] += kHalfHour;
  const ReadingFlags late{Arrival::later, ReadingStatus::ok};
  struct Case {
    Series series;
    std::size_t wanted;
    std::size_t decoded;
  };
  for (const auto& [series, wanted, decoded] :
       {Case{all, 1, 1}, Case{all, 2, 9}, Case{all, 9, 9}, Case{all, 10, 17}, Case{all, 49, 49}, Case{all, 50, 50},
        Case{gap, 3, 50}, Case{with_flag(all, 40, late), 3, 50}}) {
    const auto bytes = encode_block(kKey, series);
    BlockHeader header;
    ASSERT_TRUE(read_block_header(bytes, header));
    const auto count = front_until(header, series.at[wanted - 1] + Seconds{1});
    EXPECT_EQ(count, decoded);
    Series out;
    out.at.resize(series.size());
    out.registers.resize(series.size());
    ASSERT_TRUE(decode_front(header, bytes, count, Instants::write, out, 0));
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(out.at[i], series.at[i]) << i;
      EXPECT_EQ(out.registers[i], series.registers[i]) << i;
      EXPECT_EQ(out.flags_at(i), series.flags_at(i)) << i;
    }
    EXPECT_EQ(front_until(header, series.at.front() - Seconds{1}),
              header.time_mode == TimeMode::regular && !header.has_reading_flags ? 1U : 50U);
  }
}

TEST(Block, LeavesInstantsThatStandThere) {
  const Series series = household(50);
  const auto bytes = encode_block(kKey, series);
  BlockHeader header;
  ASSERT_TRUE(read_block_header(bytes, header));
  Series out;
  out.at.assign(series.size(), kFirstInstant);
  out.registers.resize(series.size());
  ASSERT_TRUE(decode_front(header, bytes, series.size(), Instants::stand_there, out, 0));
  EXPECT_EQ(out.registers, series.registers);
  EXPECT_EQ(out.at, std::vector<Instant>(series.size(), kFirstInstant));
}

}  // namespace
}  // namespace meterhouse

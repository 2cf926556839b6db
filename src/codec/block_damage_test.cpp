// Every byte flipped and every cut of blocks of all kinds: corruption, never a wrong number, never a crash.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/checksum.h"
#include "codec/block.h"
#include "codec/bytes.h"
#include "codec/testing/sample_series.h"

namespace meterhouse {
namespace {

using samples::household;

const SeriesKey kKey{MeterId::from_number(100'000'001), Channel::import_};

struct Sample {
  const char* name;
  Series series;
};

std::vector<Sample> samples() {
  Series gaps;
  Series wandering;
  Series falling;
  Series flagged = household(60);
  flagged.flags.resize(60);
  flagged.flags[20] = {Arrival::later, ReadingStatus::held};
  samples::SampleNumbers random{5};
  const Series whole = household(60);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (i % 20 != 10) gaps.push_back(whole.at[i], whole.registers[i]);
    wandering.push_back(whole.at[i] + Seconds{random.below(60)}, whole.registers[i]);
    falling.push_back(whole.at[i], i == 30 ? MilliWattHours{} : whole.registers[i]);
  }
  return {{"one reading", household(1)},  {"a day", household(48)}, {"gaps", gaps},
          {"wandering clock", wandering}, {"falling", falling},     {"flags", flagged}};
}

void expect_corruption(std::span<const std::byte> bytes) {
  Series out = household(3);
  const auto status = decode_block(bytes, out);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::corruption);
  EXPECT_TRUE(out.empty());
  EXPECT_FALSE(verify_block(bytes));
}

TEST(BlockDamage, EveryFlippedBitIsFound) {
  for (const Sample& sample : samples()) {
    SCOPED_TRACE(sample.name);
    const auto bytes = encode_block(kKey, sample.series);
    for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
      SCOPED_TRACE(i);
      auto damaged = bytes;
      damaged[i / 8] ^= static_cast<std::byte>(1 << i % 8);
      expect_corruption(damaged);
    }
  }
}

TEST(BlockDamage, EveryCutIsFound) {
  for (const Sample& sample : samples()) {
    SCOPED_TRACE(sample.name);
    const auto bytes = encode_block(kKey, sample.series);
    for (std::size_t size = 0; size < bytes.size(); ++size) expect_corruption(std::span{bytes}.first(size));
  }
}

TEST(BlockDamage, NamesTheMeter) {
  auto bytes = encode_block(kKey, household(48));
  bytes.back() ^= std::byte{1};
  Series out;
  EXPECT_EQ(decode_block(bytes, out).error().message,
            "block of meter 100000001 import: checksum mismatch in its readings");
}

void expect_rules_kept(const BlockSummary& summary, const Series& out) {
  ASSERT_EQ(out.size(), summary.count);
  ASSERT_EQ(out.at.front(), summary.first);
  ASSERT_EQ(out.at.back(), summary.last);
  ASSERT_EQ(out.registers.size(), out.size());
  ASSERT_EQ(out.registers.front(), summary.first_register);
  ASSERT_EQ(out.registers.back(), summary.last_register);
  ASSERT_TRUE(out.flags.empty() || out.flags.size() == out.size());
  EXPECT_TRUE(std::ranges::adjacent_find(out.at, std::ranges::greater_equal{}) == out.at.end());
  if (summary.monotone) {
    EXPECT_TRUE(std::ranges::is_sorted(out.registers));
  }
  const auto [least, greatest] = std::ranges::minmax(out.registers);
  EXPECT_TRUE(least >= MilliWattHours{0} && greatest <= kMaxRegister);
}

// Bytes made by somebody who knows the checksum. Whatever they say, it is an error or a series that keeps its rules.
TEST(BlockDamage, RightChecksumsOverWrongBytesBreakNoRule) {
  samples::SampleNumbers random{7};
  std::size_t decoded = 0;
  for (const Sample& sample : samples()) {
    SCOPED_TRACE(sample.name);
    const auto bytes = encode_block(kKey, sample.series);
    const auto header_size = [&] {
      for (std::size_t size = 4;; ++size)
        if (crc32c(std::span{bytes}.first(size)) == load_fixed<std::uint32_t>(bytes.data() + size)) return size;
    }();
    for (int round = 0; round < 20'000; ++round) {
      auto forged = bytes;
      for (auto flips = 1 + random.below(3); flips > 0; --flips)
        forged[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(forged.size())))] ^=
            static_cast<std::byte>(random.below(256));
      const auto put_checksum = [&](std::size_t from, std::size_t to) {
        const auto crc = crc32c(std::span{forged}.subspan(from, to - from));
        std::memcpy(forged.data() + to, &crc, sizeof crc);
      };
      put_checksum(0, header_size);
      put_checksum(header_size + 4, forged.size() - 4);
      Series out;
      const auto summary = decode_block_header(forged);
      if (!decode_block(forged, out)) continue;
      ++decoded;
      ASSERT_TRUE(summary);
      expect_rules_kept(*summary, out);
    }
  }
  EXPECT_GT(decoded, 0u);
}

}  // namespace
}  // namespace meterhouse

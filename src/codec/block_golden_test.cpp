// Blocks as they were once written. They are never made again: every later version decodes them to the same readings.
// A new kind of block gets a new file.
#include <gtest/gtest.h>

#include "base/testing/golden.h"
#include "codec/block.h"
#include "codec/testing/sample_series.h"

namespace meterhouse {
namespace {

using samples::household;
using samples::kHalfHour;
using samples::kSampleStart;

const SeriesKey kKey{MeterId::from_number(123'456'789), Channel::export_};

struct Golden {
  const char* file;
  Series series;
  std::optional<ReadingBefore> before;
};

std::vector<Golden> goldens() {
  const Series month = household(1'488, 42);
  const ReadingBefore before{kSampleStart, month.registers[0] - MilliWattHours{20'000}};
  Series gaps;
  Series wandering;
  Series rough;
  samples::SampleNumbers random{43};
  for (std::size_t i = 0; i < 300; ++i) {
    const auto flag = ReadingFlags::from_packed(i % 100 < 90 ? 0 : static_cast<std::uint8_t>(i % 16));
    if (i % 77 != 50) gaps.push_back(month.at[i], month.registers[i], flag);
    wandering.push_back(month.at[i] + Seconds{random.below(90)}, month.registers[i]);
    rough.push_back(month.at[i], MilliWattHours{i % 100 == 60 ? 0 : month.registers[i].count() + random.below(9'999)});
  }
  return {
      {"block_v1_month.bin", month, before},
      {"block_v1_gaps_flags.bin", gaps, ReadingBefore{kSampleStart - kHalfHour, MilliWattHours{0}}},
      {"block_v1_wandering.bin", wandering, {}},
      {"block_v1_falling_wide.bin", rough, {}},
      {"block_v1_single.bin", household(1, 44), {}},
  };
}

TEST(BlockGolden, OldBlocksDecodeForEver) {
  for (const Golden& golden : goldens()) {
    SCOPED_TRACE(golden.file);
    const auto bytes = golden_bytes(golden.file, encode_block(kKey, golden.series, golden.before));
    ASSERT_FALSE(bytes.empty());
    const auto summary = verify_block(bytes);
    ASSERT_TRUE(summary) << summary.error().message;
    EXPECT_EQ(summary->key, kKey);
    EXPECT_EQ(summary->before, golden.before);
    EXPECT_EQ(summary->size_bytes, bytes.size());
    Series decoded;
    ASSERT_TRUE(decode_block(bytes, decoded));
    EXPECT_EQ(decoded, golden.series);
  }
}

}  // namespace
}  // namespace meterhouse

// Blocks as they were once written. They are never made again: every later version decodes them to the same readings.
// A new kind of block gets a new file; MH_WRITE_GOLDEN in the environment writes the files that do not exist yet.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

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

std::vector<std::byte> file_bytes(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  const auto bytes = std::as_bytes(std::span{text});
  return {bytes.begin(), bytes.end()};
}

TEST(BlockGolden, OldBlocksDecodeForEver) {
  for (const Golden& golden : goldens()) {
    SCOPED_TRACE(golden.file);
    const auto path = std::string{METERHOUSE_SOURCE_DIR "/tests/golden/"} + golden.file;
    if (std::getenv("MH_WRITE_GOLDEN") != nullptr && !std::filesystem::exists(path)) {
      const auto bytes = encode_block(kKey, golden.series, golden.before);
      std::ofstream{path, std::ios::binary}.write(reinterpret_cast<const char*>(bytes.data()),
                                                  static_cast<std::streamsize>(bytes.size()));
    }
    const auto bytes = file_bytes(path);
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

// Segments with every byte flipped and cut at every length: corruption or the old data, never anything else. And the
// segment as it was once written.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/checksum.h"
#include "base/property_test.h"
#include "base/testing/simulated_disk.h"
#include "store/embedded/test_segments.h"

namespace meterhouse {
namespace {

using samples::Content;
using samples::households;
using samples::key_of;
using samples::kSegmentPath;
using samples::write_segment;

std::vector<std::byte> small_segment(SimulatedDisk& files, const Content& content) {
  EXPECT_TRUE(files.create_directories("/data"));
  EXPECT_TRUE(write_segment(files, kSegmentPath, content));
  return files.content(kSegmentPath);
}

// Opens the file and asks for everything in every way. Each answer is the old one or corruption; at least one is the
// latter.
void expect_found(SimulatedDisk& files, const Content& content) {
  const auto segment = Segment::open(files, kSegmentPath);
  if (!segment) {
    EXPECT_EQ(segment.error().code, Errc::corruption) << segment.error().message;
    EXPECT_NE(segment.error().message.find(kSegmentPath), std::string::npos);
    return;
  }
  Series series;
  std::size_t damaged = 0;
  for (const auto& [key, expected] : content) {
    const auto read = (*segment)->read(key, {}, series);
    if (read) {
      EXPECT_EQ(series, expected);
    } else {
      ++damaged;
      EXPECT_EQ(read.error().code, Errc::corruption);
      EXPECT_TRUE(series.empty());
    }
    const auto summary = (*segment)->summary(key);
    if (summary) {
      ASSERT_TRUE(*summary);
      EXPECT_EQ((*summary)->last_register, expected.registers.back());
    }
  }
  EXPECT_GT(damaged, 0u);

  SegmentCursor cursor{*segment};
  Status walked;
  for (auto at = content.begin(); walked;) {
    const auto more = cursor.next();
    if (!more) walked = more.error();
    if (!more || !*more) break;
    ASSERT_NE(at, content.end());
    EXPECT_EQ(cursor.summary().key, at->first);
    walked = cursor.decode(series);
    EXPECT_TRUE(!walked || series == at->second);
    ++at;
  }
  ASSERT_FALSE(walked);
  EXPECT_EQ(walked.error().code, Errc::corruption);

  std::vector<SegmentDamage> damages;
  const auto verified = (*segment)->verify([&](const SegmentDamage& damage) { damages.push_back(damage); });
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->damages, damages.size());
  ASSERT_FALSE(damages.empty());
  EXPECT_NE(damages[0].message.find(kSegmentPath), std::string::npos);
}

TEST(SegmentDamage, EveryFlippedByteIsFound) {
  SimulatedDisk files;
  const auto content = households(5, 20);
  const auto bytes = small_segment(files, content);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    for (const auto flip : {std::byte{0x01}, std::byte{0x80}, std::byte{0xFF}}) {
      SCOPED_TRACE(fmt::format("byte {} of {}", i, bytes.size()));
      auto damaged = bytes;
      damaged[i] ^= flip;
      files.set_content(kSegmentPath, damaged);
      expect_found(files, content);
    }
}

TEST(SegmentDamage, EveryCutIsFound) {
  SimulatedDisk files;
  const auto content = households(5, 20);
  const auto bytes = small_segment(files, content);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    SCOPED_TRACE(size);
    files.set_content(kSegmentPath, {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)});
    const auto segment = Segment::open(files, kSegmentPath);
    ASSERT_FALSE(segment);
    EXPECT_EQ(segment.error().code, Errc::corruption);
  }
}

TEST(SegmentDamage, FlipsInALargeFileAreFound) {
  SimulatedDisk files;
  const auto content = households(30, 1'488);
  const auto bytes = small_segment(files, content);
  for (std::size_t i = test_seed() % 997; i < bytes.size(); i += 997) {  // so 997 seeds visit every byte
    SCOPED_TRACE(i);
    auto damaged = bytes;
    damaged[i] ^= std::byte{0x10};
    files.set_content(kSegmentPath, damaged);
    expect_found(files, content);
  }
}

TEST(SegmentDamage, VerifyNamesTheMeterAndGoesOn) {
  SimulatedDisk files;
  const auto content = households(30, 1'488);
  auto bytes = small_segment(files, content);
  const auto segment = Segment::open(files, kSegmentPath);
  ASSERT_TRUE(segment);
  bytes[16 + 300] ^= std::byte{1};            // in the readings of the first block
  bytes[bytes.size() / 2] ^= std::byte{1};    // somewhere in the middle
  bytes[bytes.size() - 100] ^= std::byte{1};  // in the index
  files.set_content(kSegmentPath, bytes);
  std::vector<SegmentDamage> damages;
  const auto verified = (*segment)->verify([&](const SegmentDamage& damage) { damages.push_back(damage); });
  ASSERT_TRUE(verified);
  ASSERT_EQ(damages.size(), 3u);
  EXPECT_EQ(damages[1].key, content.begin()->first);
  EXPECT_EQ(damages[1].offset, 16u);
  EXPECT_EQ(damages[1].message,
            "/data/2025-02.segment: offset 16: block of meter 100000000 import: checksum mismatch in its readings");
  EXPECT_TRUE(damages[2].key);
  EXPECT_GE(verified->blocks, content.size() - 5);
}

TEST(SegmentDamage, WholeSegmentVerifies) {
  SimulatedDisk files;
  const auto bytes = small_segment(files, households(30, 100));
  const auto verified = (*Segment::open(files, kSegmentPath))->verify([](const SegmentDamage& damage) {
    ADD_FAILURE() << damage.message;
  });
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->blocks, 30u);
  EXPECT_EQ(verified->readings, 3'000u);
  EXPECT_EQ(verified->bytes, bytes.size());
  EXPECT_EQ(verified->damages, 0u);
}

TEST(SegmentDamage, ANewerVersionIsRefusedByName) {
  SimulatedDisk files;
  auto bytes = small_segment(files, households(1, 1));
  bytes[8] = std::byte{2};
  const auto crc = crc32c(std::span{bytes}.first(12));
  std::memcpy(bytes.data() + 12, &crc, sizeof crc);
  files.set_content(kSegmentPath, bytes);
  const auto segment = Segment::open(files, kSegmentPath);
  ASSERT_FALSE(segment);
  EXPECT_EQ(segment.error().code, Errc::out_of_range);
  EXPECT_EQ(segment.error().message,
            "/data/2025-02.segment: segment format version 2 is newer than this program, which knows versions up to 1; "
            "open it with a newer one");
}

// tests/golden/segment_v1.bin was written once and is read for ever. MH_WRITE_GOLDEN writes it where it does not exist.
TEST(SegmentGolden, AnOldSegmentIsReadForEver) {
  SimulatedDisk files;
  const auto content = households(12, 700);
  const std::string path = METERHOUSE_SOURCE_DIR "/tests/golden/segment_v1.bin";
  if (std::getenv("MH_WRITE_GOLDEN") != nullptr && !std::filesystem::exists(path)) {
    ASSERT_TRUE(write_segment(posix_file_system(), path, content));
  }
  const auto segment = Segment::open(posix_file_system(), path);
  ASSERT_TRUE(segment) << segment.error().message;
  EXPECT_EQ((*segment)->info().blocks, 12u);
  Series series;
  for (const auto& [key, expected] : content) {
    ASSERT_TRUE((*segment)->read(key, {}, series));
    EXPECT_EQ(series, expected);
  }
}

}  // namespace
}  // namespace meterhouse

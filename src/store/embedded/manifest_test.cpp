#include "store/embedded/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/checksum.h"
#include "base/testing/simulated_disk.h"

namespace meterhouse {
namespace {

Manifest sample() {
  Manifest manifest;
  manifest.timezone = "Asia/Singapore";
  manifest.next_fold = 12;
  manifest.first_journal_file = 7;
  manifest.next_sequence = 4711;
  manifest.segments = {
      {"2025-01-a.segment",
       {instant_from_epoch(1'735'660'800), instant_from_epoch(1'738'339'200)},
       1,
       9,
       123'456,
       1488},
      {"2025-02-b.segment", {instant_from_epoch(1'738'339'200), instant_from_epoch(1'740'758'400)}, 10, 11, 999, 48}};
  return manifest;
}

Manifest held_sample() {
  Manifest manifest = sample();
  manifest.clean = manifest.held = true;
  manifest.first_pending_file = 3;
  manifest.next_pending_sequence = 17;
  manifest.pending_end = 19;
  return manifest;
}

// A store that never held anything back stays readable for a program of version 1.
TEST(Manifest, IsOfTheOldestVersionThatCanSayIt) {
  EXPECT_THAT(encode_manifest(sample()), testing::StartsWith("meterhouse-manifest 1\n"));
  Manifest released = held_sample();
  released.held = false;
  released.pending_end = 0;
  for (const Manifest& manifest : {held_sample(), released})
    EXPECT_THAT(encode_manifest(manifest), testing::StartsWith("meterhouse-manifest 2\n"));
}

TEST(Manifest, IsReadBackAsItWasWritten) {
  SimulatedDisk disk;
  ASSERT_TRUE(write_manifest(disk, "data/MANIFEST", sample()));
  EXPECT_EQ(read_manifest(disk, "data/MANIFEST").value(), sample());
  Manifest empty;
  empty.timezone = "UTC";
  empty.clean = true;
  EXPECT_EQ(decode_manifest(encode_manifest(empty)).value(), empty);
  EXPECT_EQ(decode_manifest(encode_manifest(held_sample())).value(), held_sample());
}

TEST(Manifest, EveryCutAndEveryFlippedByteIsCorruption) {
  const std::string whole = encode_manifest(held_sample());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto cut = decode_manifest(std::string_view{whole}.substr(0, size));
    ASSERT_FALSE(cut) << size;
    EXPECT_EQ(cut.error().code, Errc::corruption) << size;
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int flip : {0x01, 0x20, 0xFF}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      const auto answer = decode_manifest(damaged);
      ASSERT_FALSE(answer) << at;
      EXPECT_EQ(answer.error().code, Errc::corruption) << at;
    }
  }
}

TEST(Manifest, ANewerVersionIsRefusedAsSuch) {
  std::string text = "meterhouse-manifest 3\nwhatever a newer program writes\n";
  text += fmt::format("crc32c {:08x}\n", crc32c(std::as_bytes(std::span{text.data(), text.size()})));
  const auto answer = decode_manifest(text);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::unavailable);
  EXPECT_THAT(answer.error().message, testing::HasSubstr("newer"));
}

TEST(Manifest, ASegmentNameMayNotLeaveItsFolder) {
  Manifest manifest = sample();
  manifest.segments[0].name = "../elsewhere";
  EXPECT_EQ(decode_manifest(encode_manifest(manifest)).error().code, Errc::corruption);
}

}  // namespace
}  // namespace meterhouse

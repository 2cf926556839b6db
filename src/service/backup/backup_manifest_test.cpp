#include "service/backup/backup_manifest.h"

#include <gtest/gtest.h>

#include "base/testing/golden.h"
#include "service/backup/backup_directory.h"

namespace meterhouse {
namespace {

BackupManifest sample() {
  BackupManifest manifest;
  manifest.name = "backup-20250220T103000Z";
  manifest.store = *StoreId::parse("00112233445566778899aabbccddeeff");
  manifest.started = instant_from_epoch(1'740'047'400);
  manifest.finished = instant_from_epoch(1'740'047'402);
  manifest.sequence = 4'711;
  manifest.pending_sequence = 12;
  manifest.meters = 200;
  manifest.digest = "0123456789abcdef0123456789abcdef";
  manifest.files = {{"MANIFEST", 240, {1, 2}},
                    {"catalog.sqlite", 40'960, {3, 4}},
                    {"journal/journal-00000000000000000007", 1'048'576, {5, 6}},
                    {"segments/2025-02-00000000000000000001-00000000000000000011.segment", 91'234, {7, 8}}};
  return manifest;
}

TEST(BackupManifest, GoldenFileIsReadAsTheSame) {
  const std::string now = encode_backup_manifest(sample());
  EXPECT_EQ(golden_text("backup_manifest_v1.json", now), now);
  const auto read = decode_backup_manifest(read_golden("backup_manifest_v1.json"));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(*read, sample());
  EXPECT_EQ(read->bytes(), 240u + 40'960 + 1'048'576 + 91'234);
}

TEST(BackupManifest, GoldenFileWithTheDigestOfMetersIsReadAsTheSame) {
  auto manifest = sample();
  manifest.meters_digest = "fedcba9876543210fedcba9876543210";
  const std::string now = encode_backup_manifest(manifest);
  EXPECT_EQ(golden_text("backup_manifest_v1_meters.json", now), now);
  const auto read = decode_backup_manifest(read_golden("backup_manifest_v1_meters.json"));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(*read, manifest);
}

TEST(BackupManifest, WithoutFilesAndDigest) {
  auto manifest = sample();
  manifest.digest.reset();
  manifest.files.clear();
  const auto read = decode_backup_manifest(encode_backup_manifest(manifest));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(*read, manifest);
}

TEST(BackupManifest, AnyCutAndAnyFlippedBitIsFound) {
  const std::string whole = encode_backup_manifest(sample());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto read = decode_backup_manifest(whole.substr(0, size));
    ASSERT_FALSE(read.has_value()) << size;
    EXPECT_EQ(read.error().code, Errc::corruption) << size;
  }
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    const auto read = decode_backup_manifest(flipped);
    ASSERT_FALSE(read.has_value()) << bit;
    EXPECT_EQ(read.error().code, Errc::corruption) << bit;
  }
  EXPECT_FALSE(decode_backup_manifest(whole + "\n").has_value());
}

// As sample(), with one text replaced by another and the right checksum.
Result<BackupManifest> changed(std::string_view from, std::string_view to) {
  std::string text = encode_backup_manifest(sample());
  text.replace(text.find(from), from.size(), to);
  const auto body = text.substr(0, text.rfind("\"xxh3_128\""));
  return decode_backup_manifest(body + fmt::format("\"xxh3_128\":\"{}\"}}\n", content_hash(body).hex()));
}

TEST(BackupManifest, WhatThisProgramDoesNotWriteIsRefused) {
  ASSERT_TRUE(changed("\"meters\":200", "\"meters\":201").has_value());
  const auto newer = changed("\"meterhouse_backup\":1", "\"meterhouse_backup\":2");
  ASSERT_FALSE(newer.has_value());
  EXPECT_EQ(newer.error().code, Errc::unavailable);
  const std::pair<const char*, const char*> cases[] = {
      {"\"path\":\"MANIFEST\"", "\"path\":\"../MANIFEST\""},
      {"\"path\":\"MANIFEST\"", "\"path\":\"/MANIFEST\""},
      {"\"path\":\"MANIFEST\"", "\"path\":\"a//b\""},
      {"\"path\":\"MANIFEST\"", "\"path\":\"z\""},  // not ascending
      {"\"path\":\"MANIFEST\"", "\"path\":\"catalog.sqlite\""},
      {"\"name\":\"backup-20250220T103000Z\"", "\"name\":\"..\""},
      {"\"meters\":200", "\"meters\":-1"},
      {"\"meters\":200", "\"meters\":200,\n\"colour\":1"},
      {"\"meters\":200,\n", ""},
      {"\"files\"", "\"meters_digest\":null,\n\"files\""},
      {"\"files\"", "\"meters_digest\":\"0\",\n\"files\""},
      {"\"started\":\"2025-02-20T10:30:00Z\"", "\"started\":\"2025-02-20\""},
      {"\"store_id\":\"0", "\"store_id\":\"G"},
  };
  for (const auto& [from, to] : cases) {
    const auto read = changed(from, to);
    ASSERT_FALSE(read.has_value()) << to;
    EXPECT_EQ(read.error().code, Errc::corruption) << to;
  }
}

TEST(StoreId, AnyDamageIsFound) {
  const auto id = *StoreId::parse("00112233445566778899aabbccddeeff");
  const std::string whole = encode_store_id(id);
  EXPECT_EQ(*decode_store_id(whole), id);
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(decode_store_id(whole.substr(0, size)));
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(decode_store_id(flipped)) << bit;
  }
}

TEST(BackupManifest, TheTenthOfASecondIsNewerThanTheNinth) {
  BackupManifest ninth, tenth;
  ninth.name = "backup-20250220T103000Z-9";
  tenth.name = "backup-20250220T103000Z-10";
  EXPECT_TRUE(is_newer(tenth, ninth));
  EXPECT_FALSE(is_newer(ninth, tenth));
}

}  // namespace
}  // namespace meterhouse

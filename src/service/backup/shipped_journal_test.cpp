#include "service/backup/shipped_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/checksum.h"
#include "base/testing/golden.h"
#include "service/backup/test_backups.h"

namespace meterhouse {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr Instant kStart = instant_from_epoch(1'740'047'400);
constexpr auto kReadings = FrameStream::readings;
constexpr auto kPending = FrameStream::pending;
const VisitRecord kIgnore = [](const ShippedRecord&) { return Status{}; };

// Three frames, closed or not.
std::vector<std::byte> sample_piece(bool closed) {
  auto bytes = encode_piece_header({test_store(), kReadings, 41});
  PieceInfo info{.header = {test_store(), kReadings, 41}, .records = 3, .last_sequence = 43};
  info.first_arrival = kStart;
  info.last_arrival = kStart + Seconds{2};
  for (std::uint64_t i = 0; i < 3; ++i) {
    const auto frame = bytes_of(std::string(i * 20 + 8, static_cast<char>('a' + i)));
    const auto record = encode_record({41 + i, kStart + Seconds{static_cast<std::int64_t>(i)}, frame});
    bytes.insert(bytes.end(), record.begin(), record.end());
  }
  info.end_offset = bytes.size();
  const auto footer = encode_piece_footer(info, content_hash(bytes));
  if (closed) bytes.insert(bytes.end(), footer.begin(), footer.end());
  return bytes;
}

TEST(ShippedPiece, GoldenFilesAreReadAsTheSame) {
  for (const bool closed : {true, false}) {
    const auto now = sample_piece(closed);
    const auto golden = golden_bytes(closed ? "shipped_v1_closed.piece" : "shipped_v1_open.piece", now);
    EXPECT_EQ(golden, now);
    std::vector<std::string> frames;
    const auto info = decode_piece(golden, [&](const ShippedRecord& record) {
      frames.push_back(text_of({record.frame.begin(), record.frame.end()}));
      return Status{};
    });
    ASSERT_TRUE(info.has_value()) << info.error().message;
    EXPECT_THAT(frames, ElementsAre("aaaaaaaa", std::string(28, 'b'), std::string(48, 'c')));
    EXPECT_EQ(info->closed, closed);
    EXPECT_EQ(info->last_sequence, 43u);
    EXPECT_EQ(info->last_arrival, kStart + Seconds{2});
    EXPECT_EQ(info->torn_bytes(), 0u);
  }
}

TEST(ShippedPiece, NameTellsStreamAndFirstFrame) {
  EXPECT_EQ(piece_name(kPending, 7), "pending-00000000000000000007.piece");
  const auto parsed = parse_piece_name("readings-00000000000000000041.piece");
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->first_sequence, 41u);
  for (const char* other : {"", "readings-41.piece", "readings-00000000000000000041.piece.part",
                            "readings+00000000000000000041.piece", "readings-0000000000000000004x.piece"})
    EXPECT_EQ(parse_piece_name(other), std::nullopt) << other;
}

TEST(ShippedPiece, AnyFlippedBitOfAClosedOneIsFoundOrTorn) {
  const auto whole = sample_piece(true);
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    auto flipped = whole;
    flipped[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
    const auto info = decode_piece(flipped, kIgnore);
    // Without the footer's first bytes it looks like one that is being written, with a torn end: that is told, too.
    ASSERT_TRUE(!info || (!info->closed && info->torn_bytes() == kPieceFooterSize)) << bit;
    ASSERT_TRUE(!info || bit / 8 >= whole.size() - kPieceFooterSize) << bit;
  }
}

TEST(ShippedPiece, ACutIsNeverSilent) {
  const auto whole = sample_piece(true);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto info = decode_piece(std::span{whole}.first(size), kIgnore);
    ASSERT_EQ(info.has_value(), size >= kPieceHeaderSize) << size;
    ASSERT_TRUE(!info || !info->closed) << size;
  }
}

TEST(ShippedPiece, DamageInAnOpenOneIsToldFromATornEnd) {
  auto bytes = sample_piece(false);
  bytes[kPieceHeaderSize + kRecordHeaderSize] ^= std::byte{1};
  const auto damaged = decode_piece(bytes, kIgnore);
  ASSERT_FALSE(damaged.has_value());
  EXPECT_THAT(damaged.error().message, HasSubstr("a later one at offset"));
  auto torn = sample_piece(false);
  torn.back() ^= std::byte{1};
  const auto info = decode_piece(torn, kIgnore);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->last_sequence, 42u);
  EXPECT_EQ(info->torn_bytes(), 80u);
}

TEST(ShippedPiece, ANewerVersionIsRefused) {
  auto bytes = sample_piece(true);
  bytes[8] = std::byte{2};
  const auto crc = crc32c(std::span{bytes}.first(60));
  std::memcpy(bytes.data() + 60, &crc, 4);
  EXPECT_EQ(decode_piece(bytes, kIgnore).error().code, Errc::unavailable);
}

}  // namespace
}  // namespace meterhouse

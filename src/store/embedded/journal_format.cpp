#include "store/embedded/journal_format.h"

#include <bit>
#include <cstring>
#include <iterator>

#include "base/check.h"
#include "base/checksum.h"

namespace meterhouse {
namespace {

static_assert(std::endian::native == std::endian::little,
              "the stored formats are little endian and copied as they are");

constexpr std::uint32_t kFrameMagic = 0x31464D4D;  // "MMF1"
constexpr char kFileMagic[8] = {'M', 'H', 'J', 'O', 'U', 'R', 'N', 'L'};

struct RawJournalHeader {
  char magic[8];
  std::uint32_t version;
  std::uint32_t reserved;
  std::uint64_t file_id;
  std::uint64_t file_size;
  std::uint8_t zero[28];
  std::uint32_t crc;  // of everything before
};
static_assert(sizeof(RawJournalHeader) == kJournalHeaderSize);

struct RawFrameHeader {
  std::uint32_t magic;
  std::uint32_t payload_size;
  std::uint64_t sequence;
  std::int64_t arrived;
  std::uint8_t kind;
  std::uint8_t zero[3];
  std::uint32_t crc;  // of the header before it, then of the payload
};
static_assert(sizeof(RawFrameHeader) == kFrameHeaderSize);

std::uint32_t frame_crc(const RawFrameHeader& raw, std::span<const std::byte> payload) {
  const auto header = std::as_bytes(std::span{&raw, 1}).first(offsetof(RawFrameHeader, crc));
  return crc32c(payload, crc32c(header));
}

}  // namespace

std::vector<std::byte> encode_journal_header(const JournalHeader& header) {
  RawJournalHeader raw{};
  std::memcpy(raw.magic, kFileMagic, sizeof kFileMagic);
  raw.version = kJournalVersion;
  raw.file_id = header.file_id;
  raw.file_size = header.file_size;
  const auto bytes = std::as_bytes(std::span{&raw, 1});
  raw.crc = crc32c(bytes.first(offsetof(RawJournalHeader, crc)));
  return {bytes.begin(), bytes.end()};
}

Result<JournalHeader> decode_journal_header(std::span<const std::byte> bytes) {
  MH_CHECK(bytes.size() >= kJournalHeaderSize);
  RawJournalHeader raw;
  std::memcpy(&raw, bytes.data(), sizeof raw);
  if (std::memcmp(raw.magic, kFileMagic, sizeof kFileMagic) != 0)
    return Error{Errc::corruption, "offset 0: not a journal file"};
  if (raw.crc != crc32c(bytes.first(offsetof(RawJournalHeader, crc))))
    return Error{Errc::corruption, "offset 0: the file header's checksum does not match"};
  if (raw.version > kJournalVersion)
    return Error{Errc::unavailable,
                 fmt::format("journal version {} is newer than this program's {}; use a newer program", raw.version,
                             kJournalVersion)};
  return JournalHeader{raw.file_id, raw.file_size};
}

void seal_frame(std::span<std::byte> frame, const FrameHeader& header) {
  MH_CHECK(frame.size() == frame_size(header.payload_size));
  const auto payload = frame.subspan(kFrameHeaderSize, header.payload_size);
  const auto padding = frame.subspan(kFrameHeaderSize + header.payload_size);
  if (!padding.empty()) std::memset(padding.data(), 0, padding.size());
  RawFrameHeader raw{};
  raw.magic = kFrameMagic;
  raw.payload_size = header.payload_size;
  raw.sequence = header.sequence;
  raw.arrived = epoch_seconds(header.arrived);
  raw.kind = static_cast<std::uint8_t>(header.kind);
  raw.crc = frame_crc(raw, payload);
  std::memcpy(frame.data(), &raw, sizeof raw);
}

std::size_t frame_size_at(std::span<const std::byte> bytes) {
  MH_CHECK(bytes.size() >= kFrameHeaderSize);
  RawFrameHeader raw;
  std::memcpy(&raw, bytes.data(), sizeof raw);
  return frame_size(raw.payload_size);
}

std::optional<FrameHeader> decode_frame(std::span<const std::byte> bytes) {
  if (bytes.size() < kFrameHeaderSize) return std::nullopt;
  RawFrameHeader raw;
  std::memcpy(&raw, bytes.data(), sizeof raw);
  if (raw.magic != kFrameMagic || raw.payload_size > kMaxFramePayload) return std::nullopt;
  if (raw.kind < 1 || raw.kind > 3 || bytes.size() < frame_size(raw.payload_size)) return std::nullopt;
  if (raw.crc != frame_crc(raw, bytes.subspan(kFrameHeaderSize, raw.payload_size))) return std::nullopt;
  return FrameHeader{raw.payload_size, static_cast<FrameKind>(raw.kind), raw.sequence, instant_from_epoch(raw.arrived)};
}

void encode_reading(std::span<std::byte, 16> out, const Reading& reading) {
  const std::uint32_t key = reading.key().packed();
  const std::uint32_t seconds = reading.seconds();
  const std::int64_t value = reading.register_value().count();
  std::memcpy(out.data(), &key, 4);
  std::memcpy(out.data() + 4, &seconds, 4);
  std::memcpy(out.data() + 8, &value, 8);
}

Result<std::span<const Reading>> readings_in(std::span<const std::byte> payload) {
  static_assert(std::is_trivially_copyable_v<Reading> && std::is_standard_layout_v<Reading>);
  MH_CHECK(reinterpret_cast<std::uintptr_t>(payload.data()) % alignof(Reading) == 0);
  if (payload.size() % sizeof(Reading) != 0) return Error{Errc::corruption, "a frame of readings with a broken length"};
  for (std::size_t at = 0; at < payload.size(); at += sizeof(Reading)) {
    std::uint32_t packed = 0;
    std::uint64_t value = 0;
    std::memcpy(&packed, payload.data() + at, sizeof packed);
    std::memcpy(&value, payload.data() + at + 8, sizeof value);
    const bool plain = (packed & 3) < std::size(kChannels) && packed >> 2 <= MeterId::kMax &&
                       value <= static_cast<std::uint64_t>(kMaxRegister.count());
    if (plain) continue;
    const auto reading = decode_reading(std::span<const std::byte, 16>{payload.subspan(at, 16)});
    MH_CHECK(!reading);
    return reading.error();
  }
  return std::span{reinterpret_cast<const Reading*>(payload.data()), payload.size() / sizeof(Reading)};
}

Result<Reading> decode_reading(std::span<const std::byte, 16> bytes) {
  std::uint32_t packed = 0;
  std::uint32_t seconds = 0;
  std::int64_t value = 0;
  std::memcpy(&packed, bytes.data(), 4);
  std::memcpy(&seconds, bytes.data() + 4, 4);
  std::memcpy(&value, bytes.data() + 8, 8);
  const auto key = SeriesKey::from_packed(packed);
  if (!key) return key.error();
  if (value < 0 || value > kMaxRegister.count())
    return Error{Errc::corruption, fmt::format("meter {}: {} is no register value", key->text(), value)};
  return Reading{*key, instant_from_epoch(seconds), MilliWattHours{value}};
}

}  // namespace meterhouse

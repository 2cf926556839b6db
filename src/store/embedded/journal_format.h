#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/reading.h"

namespace meterhouse {

// The bytes of a journal file: a header, then frames at multiples of 16 bytes, then zeros to the file's full size.
// source  docs/formats/journal.md

constexpr std::uint32_t kJournalVersion = 1;
constexpr std::size_t kJournalHeaderSize = 64;
constexpr std::size_t kFrameHeaderSize = 32;
constexpr std::size_t kFrameAlignment = 16;
constexpr std::size_t kMaxFramePayload = std::size_t{16} << 20;

struct JournalHeader {
  std::uint64_t file_id;
  std::uint64_t file_size;  // the size the file was filled with zeros to: a shorter file has been cut
};

std::vector<std::byte> encode_journal_header(const JournalHeader& header);
// bytes  at least kJournalHeaderSize. errors  corruption; unavailable: written by a newer version
Result<JournalHeader> decode_journal_header(std::span<const std::byte> bytes);

enum class FrameKind : std::uint8_t {
  readings = 1,  // payload: 16 bytes a reading
  change = 2,    // payload: one catalog change
  end = 3,       // payload: nothing; the log goes on in the next file
};

struct FrameHeader {
  std::uint32_t payload_size;
  FrameKind kind;
  std::uint64_t sequence;  // 1, 2, 3, … over all files
  Instant arrived;
};

constexpr std::size_t frame_size(std::size_t payload_size) {
  return (kFrameHeaderSize + payload_size + kFrameAlignment - 1) / kFrameAlignment * kFrameAlignment;
}

// Writes the header in front of a payload that stands already at frame[kFrameHeaderSize…], with zeros behind it.
//   frame  frame_size(header.payload_size) bytes
void seal_frame(std::span<std::byte> frame, const FrameHeader& header);

// The size of the frame whose header stands at the start of `bytes`, as it says itself: not verified.
//   bytes  at least kFrameHeaderSize
std::size_t frame_size_at(std::span<const std::byte> bytes);
// The frame at the start of `bytes`, if one stands there whole and with its right checksum.
std::optional<FrameHeader> decode_frame(std::span<const std::byte> bytes);

void encode_reading(std::span<std::byte, 16> out, const Reading& reading);
// errors  corruption: not a reading this program would have written
Result<Reading> decode_reading(std::span<const std::byte, 16> bytes);
// The payload of a frame of readings, looked at where it stands: a replay goes through millions.
//   payload  on a multiple of alignof(Reading), as every frame of a file loaded whole is (MH_CHECK)
//   errors   as decode_reading; a length that is no number of readings
Result<std::span<const Reading>> readings_in(std::span<const std::byte> payload);

}  // namespace meterhouse

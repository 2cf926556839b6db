#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/content_hash.h"
#include "base/file_system.h"
#include "base/result.h"
#include "base/time.h"
#include "service/backup/backup_files.h"
#include "service/backup/store_id.h"
#include "store/snapshot.h"

namespace meterhouse {

// The journal as it was shipped to a directory of backups: pieces of one stream each, a header, records of one frame
// each in the order of their sequences, and once it is closed a footer. What a frame holds is the store's business.
// source  docs/formats/shipped-journal.md

constexpr std::uint32_t kPieceVersion = 1;
constexpr std::size_t kPieceHeaderSize = 64;
constexpr std::size_t kRecordHeaderSize = 32;
constexpr std::size_t kRecordAlignment = 16;
constexpr std::size_t kPieceFooterSize = 64;
constexpr std::size_t kMaxShippedFrame = std::size_t{17} << 20;

struct PieceHeader {
  StoreId store = {};
  FrameStream stream = FrameStream::readings;
  std::uint64_t first_sequence = 1;
};

struct ShippedRecord {
  std::uint64_t sequence;
  Instant arrived;
  std::span<const std::byte> frame;
};
// A failed visit ends the reading with its error.
using VisitRecord = std::function<Status(const ShippedRecord&)>;

// What stands in a piece.
struct PieceInfo {
  std::string name = {};
  PieceHeader header = {};
  std::uint64_t records = 0;
  std::uint64_t last_sequence = 0;  // the header's less one where there is no record
  Instant first_arrival = {};       // of the first record
  Instant last_arrival = {};
  std::uint64_t end_offset = 0;  // behind the last whole record
  std::uint64_t size_bytes = 0;
  bool closed = false;  // with a footer; else size_bytes - end_offset bytes are torn

  std::uint64_t torn_bytes() const { return closed ? 0 : size_bytes - end_offset; }
};

std::string_view to_string(FrameStream stream);  // "readings", "pending": as in the names
std::string piece_name(FrameStream stream, std::uint64_t first_sequence);
struct PieceName {
  FrameStream stream;
  std::uint64_t first_sequence;
};
std::optional<PieceName> parse_piece_name(std::string_view name);  // nullopt: another file

std::vector<std::byte> encode_piece_header(const PieceHeader& header);
// Header, frame and zeros to a multiple of 16.
std::vector<std::byte> encode_record(const ShippedRecord& record);
// The footer of a piece; hash is of all bytes before it.
std::vector<std::byte> encode_piece_footer(const PieceInfo& info, const ContentHash& hash);

// Looks at every byte of a piece.
//   errors  corruption: the offset and what is wrong there; unavailable: written by a newer version; visit's
// A piece without a footer is not closed: what stands behind its last whole record is torn, unless a whole record
// comes later: that is damage.
Result<PieceInfo> decode_piece(std::span<const std::byte> bytes, const VisitRecord& visit);
// The same of a file; every error names it. errors  also: not_found, io; corruption: its name says something else
Result<PieceInfo> read_piece(FileSystem& files, const std::string& directory, const std::string& name,
                             const VisitRecord& visit);

// Frames that are in no piece: [first, last].
struct ShippedGap {
  std::uint64_t first;
  std::uint64_t last;
  friend bool operator==(const ShippedGap&, const ShippedGap&) = default;
};

// What the pieces of a stream hold behind a sequence.
struct ShippedScan {
  std::vector<PieceInfo> pieces;      // those read, in order
  std::vector<ShippedGap> gaps;       // before a frame that is there
  std::vector<std::string> damages;   // pieces that could not be read whole; their frames are in no gap
  std::optional<PieceInfo> unclosed;  // the last one, where it has no footer: being written, or cut off by a crash
  std::uint64_t last_sequence = 0;    // of the newest frame; `after` where there is none
};

// Reads the pieces of a stream that may hold frames with a sequence greater than `after`, and visits those, in order.
//   directory  of the pieces; where it is missing there are none
//   store      whose frames they must be
//   counter    is told the bytes read
//   errors     visit's; unavailable: a newer program wrote a piece. What cannot be read is listed as damage
Result<ShippedScan> scan_pieces(FileSystem& files, const std::string& directory, FrameStream stream,
                                const StoreId& store, std::uint64_t after, const VisitRecord& visit,
                                ByteCounter& counter);
// The names of the pieces that scan_pieces would read, and how many bytes they have.
struct PiecesToRead {
  std::vector<std::string> names;
  std::uint64_t bytes = 0;
};
Result<PiecesToRead> pieces_behind(FileSystem& files, const std::string& directory, FrameStream stream,
                                   std::uint64_t after);
// What is missing between the pieces behind `after`, from the first such frame to the last, by their names and footers
// alone: where a piece lost its footer nothing is taken to be missing behind it. nullopt: nothing
Result<std::optional<ShippedGap>> missing_between(FileSystem& files, const std::string& directory, FrameStream stream,
                                                  std::uint64_t after);
// The newest frame of the store that the last piece holds; of a damaged one only that what was before it was shipped is
// known. 0: none. errors  io; unavailable: a newer program wrote it
Result<std::uint64_t> newest_shipped(FileSystem& files, const std::string& directory, FrameStream stream,
                                     const StoreId& store);

}  // namespace meterhouse

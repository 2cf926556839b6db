#include "service/backup/shipped_journal.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>

#include "base/check.h"
#include "base/checksum.h"

namespace meterhouse {
namespace {

static_assert(std::endian::native == std::endian::little,
              "the stored formats are little endian and copied as they are");

constexpr char kPieceMagic[8] = {'M', 'H', 'S', 'H', 'I', 'P', 'P', 'D'};
constexpr char kFooterMagic[8] = {'M', 'H', 'S', 'H', 'I', 'P', 'E', 'N'};
constexpr std::uint32_t kRecordMagic = 0x3152534D;  // "MSR1"
constexpr std::string_view kSuffix = ".piece";
constexpr std::size_t kDigits = 20;

struct RawHeader {
  char magic[8];
  std::uint32_t version;
  std::uint8_t stream;
  std::uint8_t zero[3];
  std::uint64_t store_high;
  std::uint64_t store_low;
  std::uint64_t first_sequence;
  std::uint8_t more_zeros[20];
  std::uint32_t crc;  // of everything before
};
static_assert(sizeof(RawHeader) == kPieceHeaderSize);

struct RawRecord {
  std::uint32_t magic;
  std::uint32_t frame_bytes;
  std::uint64_t sequence;
  std::int64_t arrived;
  std::uint32_t zero;
  std::uint32_t crc;  // of the header before it, then of the frame
};
static_assert(sizeof(RawRecord) == kRecordHeaderSize);

struct RawFooter {
  char magic[8];
  std::uint64_t length;  // of the piece, this included
  std::uint64_t first_sequence;
  std::uint64_t last_sequence;
  std::int64_t first_arrival;
  std::int64_t last_arrival;
  std::uint64_t hash_high;  // of everything before the footer
  std::uint64_t hash_low;
};
static_assert(sizeof(RawFooter) == kPieceFooterSize);

template <class Raw>
std::span<const std::byte> raw_bytes(const Raw& raw) {
  return std::as_bytes(std::span{&raw, 1});
}

std::uint32_t record_crc(const RawRecord& raw, std::span<const std::byte> frame) {
  return crc32c(frame, crc32c(raw_bytes(raw).first(offsetof(RawRecord, crc))));
}

constexpr std::size_t record_size(std::size_t frame_bytes) {
  return (kRecordHeaderSize + frame_bytes + kRecordAlignment - 1) / kRecordAlignment * kRecordAlignment;
}

bool are_zeros(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; });
}

// The record at the start of `bytes`, if one stands there whole.
std::optional<ShippedRecord> record_at(std::span<const std::byte> bytes) {
  if (bytes.size() < kRecordHeaderSize) return std::nullopt;
  RawRecord raw;
  std::memcpy(&raw, bytes.data(), sizeof raw);
  if (raw.magic != kRecordMagic || raw.frame_bytes > kMaxShippedFrame || raw.zero != 0) return std::nullopt;
  if (bytes.size() < record_size(raw.frame_bytes)) return std::nullopt;
  const auto frame = bytes.subspan(kRecordHeaderSize, raw.frame_bytes);
  const auto padding = bytes.first(record_size(raw.frame_bytes)).subspan(kRecordHeaderSize + raw.frame_bytes);
  if (raw.crc != record_crc(raw, frame) || !are_zeros(padding)) return std::nullopt;
  return ShippedRecord{raw.sequence, instant_from_epoch(raw.arrived), frame};
}

Result<PieceHeader> decode_header(std::span<const std::byte> bytes) {
  if (bytes.size() < kPieceHeaderSize)
    return Error{Errc::corruption, fmt::format("offset {}: cut within the header", bytes.size())};
  RawHeader raw;
  std::memcpy(&raw, bytes.data(), sizeof raw);
  if (std::memcmp(raw.magic, kPieceMagic, sizeof kPieceMagic) != 0)
    return Error{Errc::corruption, "offset 0: not a piece of a shipped journal"};
  if (raw.crc != crc32c(bytes.first(offsetof(RawHeader, crc))))
    return Error{Errc::corruption, "offset 0: the header's checksum does not match"};
  if (raw.version > kPieceVersion)
    return Error{Errc::unavailable, fmt::format("piece version {} is newer than this program's {}; use a newer program",
                                                raw.version, kPieceVersion)};
  const auto store = StoreId::parse(ContentHash{raw.store_high, raw.store_low}.hex());
  MH_CHECK(store.has_value());
  if (raw.version != kPieceVersion || raw.stream > 1 || raw.first_sequence == 0)
    return Error{Errc::corruption, "offset 0: a header this program does not write"};
  return PieceHeader{*store, static_cast<FrameStream>(raw.stream), raw.first_sequence};
}

// Whether the last bytes are a footer of this piece, by what it says of length and beginning: a frame may hold
// anything.
bool has_footer(std::span<const std::byte> bytes, const PieceHeader& header) {
  if (bytes.size() < kPieceHeaderSize + kPieceFooterSize) return false;
  RawFooter raw;
  std::memcpy(&raw, bytes.data() + bytes.size() - sizeof raw, sizeof raw);
  return std::memcmp(raw.magic, kFooterMagic, sizeof kFooterMagic) == 0 && raw.length == bytes.size() &&
         raw.first_sequence == header.first_sequence;
}

// What the footer says; the largest number where there is none.
Result<std::uint64_t> last_by_footer(FileSystem& files, const std::string& path) {
  const auto file = files.open(path, OpenMode::read);
  if (!file) return file.error();
  const auto size = (*file)->size();
  if (!size) return size.error();
  RawFooter raw{};
  if (*size >= sizeof raw)
    if (auto done = (*file)->read_at(*size - sizeof raw, std::as_writable_bytes(std::span{&raw, 1})); !done)
      return done.error();
  const bool is_footer = std::memcmp(raw.magic, kFooterMagic, sizeof kFooterMagic) == 0 && raw.length == *size;
  return is_footer ? raw.last_sequence : std::numeric_limits<std::uint64_t>::max();
}

// Behind the last whole record of a piece without a footer.
Status check_torn(std::span<const std::byte> bytes, const PieceInfo& info) {
  for (std::uint64_t at = info.end_offset; at + kRecordHeaderSize <= bytes.size(); at += kRecordAlignment)
    if (const auto later = record_at(bytes.subspan(at)); later && later->sequence > info.last_sequence)
      return Error{Errc::corruption, fmt::format("offset {}: a record is damaged, a later one at offset {} is whole",
                                                 info.end_offset, at)};
  return {};
}

Status check_footer(std::span<const std::byte> bytes, const PieceInfo& info) {
  const auto footer = bytes.subspan(info.end_offset);
  if (footer.size() != kPieceFooterSize)
    return Error{Errc::corruption, fmt::format("offset {}: a record is damaged", info.end_offset)};
  if (std::ranges::equal(footer, encode_piece_footer(info, content_hash(bytes.first(info.end_offset))))) return {};
  return Error{Errc::corruption, fmt::format("offset {}: the footer does not match the rest", info.end_offset)};
}

}  // namespace

std::string_view to_string(FrameStream stream) { return stream == FrameStream::readings ? "readings" : "pending"; }

std::string piece_name(FrameStream stream, std::uint64_t first_sequence) {
  return fmt::format("{}-{:0{}}{}", to_string(stream), first_sequence, kDigits, kSuffix);
}

std::optional<PieceName> parse_piece_name(std::string_view name) {
  for (const FrameStream stream : {FrameStream::readings, FrameStream::pending}) {
    const auto word = to_string(stream);
    if (name.size() != word.size() + 1 + kDigits + kSuffix.size() || !name.starts_with(word)) continue;
    PieceName parsed{stream, 0};
    const char* digits = name.data() + word.size() + 1;
    const auto [end, error] = std::from_chars(digits, digits + kDigits, parsed.first_sequence);
    if (error == std::errc{} && piece_name(stream, parsed.first_sequence) == name) return parsed;
  }
  return std::nullopt;
}

std::vector<std::byte> encode_piece_header(const PieceHeader& header) {
  const auto store = ContentHash::parse(header.store.hex());
  MH_CHECK(store.has_value() && header.first_sequence > 0);
  RawHeader raw{};
  std::memcpy(raw.magic, kPieceMagic, sizeof kPieceMagic);
  raw.version = kPieceVersion;
  raw.stream = static_cast<std::uint8_t>(header.stream);
  raw.store_high = store->high;
  raw.store_low = store->low;
  raw.first_sequence = header.first_sequence;
  raw.crc = crc32c(raw_bytes(raw).first(offsetof(RawHeader, crc)));
  return {raw_bytes(raw).begin(), raw_bytes(raw).end()};
}

std::vector<std::byte> encode_record(const ShippedRecord& record) {
  MH_CHECK(record.frame.size() <= kMaxShippedFrame);
  RawRecord raw{};
  raw.magic = kRecordMagic;
  raw.frame_bytes = static_cast<std::uint32_t>(record.frame.size());
  raw.sequence = record.sequence;
  raw.arrived = epoch_seconds(record.arrived);
  raw.crc = record_crc(raw, record.frame);
  std::vector<std::byte> bytes;
  bytes.reserve(record_size(record.frame.size()));
  bytes.assign(raw_bytes(raw).begin(), raw_bytes(raw).end());
  bytes.insert(bytes.end(), record.frame.begin(), record.frame.end());
  bytes.resize(record_size(record.frame.size()));
  return bytes;
}

std::vector<std::byte> encode_piece_footer(const PieceInfo& info, const ContentHash& hash) {
  RawFooter raw{};
  std::memcpy(raw.magic, kFooterMagic, sizeof kFooterMagic);
  raw.length = info.end_offset + kPieceFooterSize;
  raw.first_sequence = info.header.first_sequence;
  raw.last_sequence = info.last_sequence;
  raw.first_arrival = epoch_seconds(info.first_arrival);
  raw.last_arrival = epoch_seconds(info.last_arrival);
  raw.hash_high = hash.high;
  raw.hash_low = hash.low;
  return {raw_bytes(raw).begin(), raw_bytes(raw).end()};
}

Result<PieceInfo> decode_piece(std::span<const std::byte> bytes, const VisitRecord& visit) {
  const auto header = decode_header(bytes);
  if (!header) return header.error();
  PieceInfo info{.header = *header, .last_sequence = header->first_sequence - 1, .end_offset = kPieceHeaderSize};
  info.size_bytes = bytes.size();
  while (const auto record = record_at(bytes.subspan(info.end_offset))) {
    if (record->sequence != info.last_sequence + 1)
      return Error{Errc::corruption, fmt::format("offset {}: frame {} where {} should be", info.end_offset,
                                                 record->sequence, info.last_sequence + 1)};
    if (auto done = visit(*record); !done) return done.error();
    if (info.records++ == 0) info.first_arrival = record->arrived;
    info.last_arrival = record->arrived;
    info.last_sequence = record->sequence;
    info.end_offset += record_size(record->frame.size());
  }
  info.closed = info.end_offset < bytes.size() && has_footer(bytes, info.header);
  const auto end = info.closed ? check_footer(bytes, info) : check_torn(bytes, info);
  if (!end) return end.error();
  return info;
}

Result<PieceInfo> read_piece(FileSystem& files, const std::string& directory, const std::string& name,
                             const VisitRecord& visit) {
  const std::string path = directory + "/" + name;
  const auto parsed = parse_piece_name(name);
  if (!parsed) return Error{Errc::corruption, fmt::format("{}: not the name of a piece", path)};
  const auto file = files.open(path, OpenMode::read);
  if (!file) return file.error();
  const auto size = (*file)->size();
  if (!size) return size.error();
  std::vector<std::byte> bytes(*size);
  if (auto done = (*file)->read_at(0, bytes); !done) return done.error();
  auto info = decode_piece(bytes, visit);
  if (!info) return info.error().during(path);
  info->name = name;
  if (info->header.stream != parsed->stream || info->header.first_sequence != parsed->first_sequence)
    return Error{Errc::corruption, fmt::format("{}: offset 0: this is {}", path,
                                               piece_name(info->header.stream, info->header.first_sequence))};
  return info;
}

Result<PiecesToRead> pieces_behind(FileSystem& files, const std::string& directory, FrameStream stream,
                                   std::uint64_t after) {
  PiecesToRead pieces;
  const auto there = files.exists(directory);
  if (!there) return there.error();
  if (!*there) return pieces;
  const auto names = files.list(directory);
  if (!names) return names.error();
  std::vector<PieceName> parsed;
  for (const std::string& name : *names)
    if (const auto piece = parse_piece_name(name); piece && piece->stream == stream) parsed.push_back(*piece);
  for (std::size_t i = 0; i < parsed.size(); ++i) {
    if (i + 1 < parsed.size() && parsed[i + 1].first_sequence <= after + 1) continue;  // ends before
    pieces.names.push_back(piece_name(stream, parsed[i].first_sequence));
    const auto file = files.open(directory + "/" + pieces.names.back(), OpenMode::read);
    if (!file) return file.error();
    const auto size = (*file)->size();
    if (!size) return size.error();
    pieces.bytes += *size;
  }
  return pieces;
}

Result<ShippedScan> scan_pieces(FileSystem& files, const std::string& directory, FrameStream stream,
                                const StoreId& store, std::uint64_t after, const VisitRecord& visit,
                                ByteCounter& counter) {
  const auto pieces = pieces_behind(files, directory, stream, after);
  if (!pieces) return pieces.error();
  ShippedScan scan;
  scan.last_sequence = after;
  std::optional<Error> failed;  // of visit: it ends the run, whatever its code is
  const auto visit_new = [&](const ShippedRecord& record) -> Status {
    if (record.sequence <= scan.last_sequence) return {};
    if (record.sequence > scan.last_sequence + 1) scan.gaps.push_back({scan.last_sequence + 1, record.sequence - 1});
    scan.last_sequence = record.sequence;
    auto done = visit(record);
    if (!done) failed = done.error();
    return done;
  };
  for (const std::string& name : pieces->names) {
    auto info = read_piece(files, directory, name, visit_new);
    if (failed) return *failed;
    if (!info) {
      if (info.error().code == Errc::unavailable) return info.error();
      scan.damages.push_back(info.error().message);
      continue;
    }
    if (auto on = counter.add(info->size_bytes); !on) return on.error();
    if (info->header.store != store)
      scan.damages.push_back(fmt::format("{}/{}: offset 16: of another store", directory, name));
    else if (!info->closed && name != pieces->names.back())
      scan.damages.push_back(fmt::format("{}/{}: offset {}: it has been cut, or its footer is damaged", directory, name,
                                         info->end_offset));
    else if (!info->closed)
      scan.unclosed = *info;
    scan.pieces.push_back(std::move(*info));
  }
  return scan;
}

Result<std::optional<ShippedGap>> missing_between(FileSystem& files, const std::string& directory, FrameStream stream,
                                                  std::uint64_t after) {
  const auto pieces = pieces_behind(files, directory, stream, after);
  if (!pieces) return pieces.error();
  std::optional<ShippedGap> missing;
  std::uint64_t known = after;
  for (const std::string& name : pieces->names) {
    const std::uint64_t first = parse_piece_name(name)->first_sequence;
    if (first > known && first - known > 1) missing = ShippedGap{missing ? missing->first : known + 1, first - 1};
    if (name == pieces->names.back()) break;
    const auto last = last_by_footer(files, directory + "/" + name);
    if (!last) return last.error();
    known = *last;
  }
  return missing;
}

Result<std::uint64_t> newest_shipped(FileSystem& files, const std::string& directory, FrameStream stream,
                                     const StoreId& store) {
  const auto last = pieces_behind(files, directory, stream, std::numeric_limits<std::uint64_t>::max() - 1);
  if (!last) return last.error();
  if (last->names.empty()) return std::uint64_t{0};
  const std::string& name = last->names.front();
  const auto piece = read_piece(files, directory, name, [](const ShippedRecord&) { return Status{}; });
  if (!piece && piece.error().code == Errc::corruption) return parse_piece_name(name)->first_sequence - 1;
  if (!piece) return piece.error();
  return piece->header.store == store ? piece->last_sequence : 0;
}

}  // namespace meterhouse

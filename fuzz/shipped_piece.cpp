// A piece of a shipped journal written by somebody who knows the checksums: damage, or records in the order of their
// sequences.
//   input  frames, each its size (1 byte) and its bytes; the last byte odd: the piece is closed. And
//          the bytes as they are
#include "service/backup/shipped_journal.h"

#include "base/check.h"
#include "fuzz_target.h"

using namespace meterhouse;

namespace {

using Bytes = std::span<const std::byte>;
constexpr std::uint64_t kFirst = 7;

void check(Bytes bytes, std::optional<std::uint64_t> records) {
  std::uint64_t seen = 0;
  std::uint64_t last = 0;
  const auto info = decode_piece(bytes, [&](const ShippedRecord& record) {
    MH_CHECK(seen++ == 0 || record.sequence == last + 1);
    last = record.sequence;
    return Status{};
  });
  MH_CHECK(info || info.error().code == Errc::corruption || info.error().code == Errc::unavailable);
  if (info) MH_CHECK(info->records == seen && info->end_offset <= bytes.size() && info->size_bytes == bytes.size());
  if (records) MH_CHECK(info && info->records == *records);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span{data, size});
  check(input, std::nullopt);

  const PieceHeader header{StoreId{}, FrameStream::pending, kFirst};
  auto piece = encode_piece_header(header);
  PieceInfo info{.header = header, .last_sequence = kFirst - 1};
  for (Bytes rest = input; rest.size() > 1;) {
    const auto frame = rest.subspan(1, std::min(static_cast<std::size_t>(rest[0]), rest.size() - 1));
    const auto record = encode_record({++info.last_sequence, kFirstInstant, frame});
    piece.insert(piece.end(), record.begin(), record.end());
    ++info.records;
    rest = rest.subspan(1 + frame.size());
  }
  info.end_offset = piece.size();
  if (!input.empty() && (input.back() & std::byte{1}) == std::byte{1}) {
    const auto footer = encode_piece_footer(info, content_hash(piece));
    piece.insert(piece.end(), footer.begin(), footer.end());
  }
  check(piece, info.records);
  piece.insert(piece.end(), input.begin(), input.end());  // something behind it
  check(piece, std::nullopt);
  return 0;
}

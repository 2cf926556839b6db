// Blocks made by somebody who knows the checksums: whatever they say, it is an error or a series that keeps its rules
// and encodes and decodes to itself.
//   input  the length of the header's fields behind the payload size (1 byte), those fields, the payload
#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "base/checksum.h"
#include "codec/block.h"
#include "codec/bytes.h"

namespace meterhouse {
namespace {

std::vector<std::byte> with_checksums(std::span<const std::byte> input) {
  const auto fields_size = std::min<std::size_t>(static_cast<std::uint8_t>(input[0]), input.size() - 1);
  const auto fields = input.subspan(1, fields_size);
  const auto payload = input.subspan(1 + fields_size);
  std::vector<std::byte> block;
  put_varint(block, payload.size());
  block.insert(block.end(), fields.begin(), fields.end());
  put_fixed(block, crc32c(block));
  block.insert(block.end(), payload.begin(), payload.end());
  put_fixed(block, crc32c(payload));
  return block;
}

void check_rules(const BlockSummary& summary, const Series& series) {
  MH_CHECK(series.size() == summary.count && series.registers.size() == series.size());
  MH_CHECK(series.flags.empty() || series.flags.size() == series.size());
  MH_CHECK(series.at.front() == summary.first && series.at.back() == summary.last);
  MH_CHECK(series.registers.front() == summary.first_register && series.registers.back() == summary.last_register);
  MH_CHECK(std::ranges::adjacent_find(series.at, std::ranges::greater_equal{}) == series.at.end());
  MH_CHECK(std::ranges::min(series.registers) >= MilliWattHours{0});
  MH_CHECK(std::ranges::max(series.registers) <= kMaxRegister);
  MH_CHECK(!summary.monotone || std::ranges::is_sorted(series.registers));
}

void decode(std::span<const std::byte> block) {
  const auto summary = decode_block_header(block);
  Series series;
  if (const auto decoded = decode_block(block, series); !decoded) {
    MH_CHECK(decoded.error().code == Errc::corruption && series.empty());
    return;
  }
  check_rules(*summary, series);
  const auto again = encode_block(summary->key, series, summary->before);
  Series twice;
  MH_CHECK(decode_block(again, twice).has_value());
  MH_CHECK(twice == series);
  MH_CHECK(decode_block_header(again)->before == summary->before);
}

}  // namespace
}  // namespace meterhouse

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span{data, size});
  meterhouse::decode(input);
  if (!input.empty()) meterhouse::decode(meterhouse::with_checksums(input));
  return 0;
}

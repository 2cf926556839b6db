// The readings of a block. Encoding looks for what makes them small: one scale for all registers, no bytes for a
// regular step, deltas in frames of their own width. Decoding believes nothing: each section's size is checked before
// it is read, and the sums it leads to against the header's last register and last instant.
#include "codec/block.h"

#include <algorithm>
#include <type_traits>

#include "base/check.h"
#include "base/checksum.h"
#include "codec/block_header.h"
#include "codec/bytes.h"
#include "codec/frames.h"
#include "codec/times.h"

namespace meterhouse {
namespace {

// The kernels write a Series' columns as the plain numbers they are made of.
static_assert(sizeof(Instant) == sizeof(std::int64_t) && std::is_standard_layout_v<Instant>);
static_assert(sizeof(MilliWattHours) == sizeof(std::int64_t) && std::is_standard_layout_v<MilliWattHours>);
std::int64_t* numbers_of(std::vector<Instant>& at) { return reinterpret_cast<std::int64_t*>(at.data()); }
std::int64_t* numbers_of(std::vector<MilliWattHours>& registers) {
  return reinterpret_cast<std::int64_t*>(registers.data());
}

void check_series(const Series& series, const std::optional<ReadingBefore>& before) {
  MH_CHECK(!series.empty() && series.size() <= kMaxBlockReadings);
  MH_CHECK(series.registers.size() == series.size());
  MH_CHECK(series.flags.empty() || series.flags.size() == series.size());
  MH_CHECK(series.at.front() >= kFirstInstant && series.at.back() <= kLastInstant);
  MH_CHECK(std::ranges::adjacent_find(series.at, std::ranges::greater_equal{}) == series.at.end());
  const auto in_range = [](MilliWattHours value) { return value >= MilliWattHours{0} && value <= kMaxRegister; };
  MH_CHECK(std::ranges::all_of(series.registers, in_range));
  if (before)
    MH_CHECK(before->at >= kFirstInstant && before->at < series.at.front() && in_range(before->register_value));
}

// The inverse of 5^exponent modulo 2^64: a multiple of 5^exponent times it is the quotient, anything else is more than
// any quotient can be. A multiplication instead of a division for every reading.
constexpr std::uint64_t inverse_of_five_to(unsigned exponent) {
  std::uint64_t power = 1;
  for (unsigned i = 0; i < exponent; ++i) power *= 5;
  std::uint64_t inverse = 1;
  for (int i = 0; i < 6; ++i) inverse *= 2 - power * inverse;  // Newton: doubles the right bits, 1 to 64
  return inverse;
}

// Registers in units of 10^exponent. false: one is not a multiple of it.
bool to_units(const std::vector<MilliWattHours>& registers, unsigned exponent, std::vector<std::int64_t>& units) {
  const auto inverse = inverse_of_five_to(exponent);
  const auto low_bits = (std::uint64_t{1} << exponent) - 1;
  const auto limit = static_cast<std::uint64_t>(kMaxUnits[exponent]);
  units.resize(registers.size());
  bool exact = true;
  for (std::size_t i = 0; i < registers.size(); ++i) {
    const auto value = static_cast<std::uint64_t>(registers[i].count());
    const auto quotient = (value >> exponent) * inverse;
    exact &= (value & low_bits) == 0 && quotient <= limit;
    units[i] = static_cast<std::int64_t>(quotient);
  }
  return exact;
}

unsigned scale_of(MilliWattHours value, unsigned at_most) {
  while (value.count() % power_of_ten(at_most) != 0) --at_most;
  return at_most;
}

// The registers in the largest power of ten all of them are multiples of; its exponent. A few of them tell it nearly
// always.
unsigned scale_registers(const Series& series, const std::optional<ReadingBefore>& before,
                         std::vector<std::int64_t>& units) {
  unsigned exponent = kMaxScaleExponent;
  if (before) exponent = scale_of(before->register_value, exponent);
  for (std::size_t i = 0; i < std::min<std::size_t>(series.size(), 16); ++i)
    exponent = scale_of(series.registers[i], exponent);
  while (!to_units(series.registers, exponent, units)) --exponent;
  return exponent;
}

// The differences between neighbours, zigzag-coded where the registers fall.
std::vector<std::uint64_t> differences_of(const std::vector<std::int64_t>& units, bool monotone) {
  std::vector<std::uint64_t> differences(units.size() - 1);
  for (std::size_t i = 1; i < units.size(); ++i) {
    const auto difference = units[i] - units[i - 1];
    differences[i - 1] = monotone ? static_cast<std::uint64_t>(difference) : zigzag(difference);
  }
  return differences;
}

bool is_monotone(const Series& series, const std::optional<ReadingBefore>& before) {
  if (before && before->register_value > series.registers.front()) return false;
  return std::ranges::is_sorted(series.registers);
}

// Run-length coded: one varint a run, its length over the 4 bits of the flags.
void append_reading_flags(std::vector<std::byte>& out, const std::vector<ReadingFlags>& flags) {
  for (std::size_t from = 0; from < flags.size();) {
    auto to = from + 1;
    while (to < flags.size() && flags[to] == flags[from]) ++to;
    put_varint(out, static_cast<std::uint64_t>(to - from) << 4 | flags[from].packed());
    from = to;
  }
}

// Behind what is in `flags` already.
bool read_reading_flags(ByteReader& in, std::size_t count, std::vector<ReadingFlags>& flags) {
  const std::size_t size = flags.size() + count;
  while (flags.size() < size) {
    const auto run = in.varint();
    const auto length = run >> 4;
    if (length < 1 || length > size - flags.size()) return false;
    flags.resize(flags.size() + static_cast<std::size_t>(length),
                 ReadingFlags::from_packed(static_cast<std::uint8_t>(run & 15)));
  }
  return true;
}

// Makes a column `count` numbers long that are all about to be overwritten, so that none is copied or cleared twice.
template <class T>
void resize_for_overwrite(std::vector<T>& column, std::size_t count) {
  if (column.capacity() < count) column.clear();
  column.resize(count);
}

unsigned max_delta_width(const BlockHeader& header) {
  const auto units = static_cast<std::uint64_t>(header.max_units());
  return static_cast<unsigned>(std::bit_width(units)) + (header.summary.monotone ? 0 : 1);
}

bool registers_in_range(const BlockHeader& header, const Sums& sums, std::span<const MilliWattHours> registers) {
  // No delta is beyond 2^55, so a sum that had wrapped would have passed a value with one of these bits.
  if (sums.any_bits >= std::uint64_t{1} << 53) return false;
  const BlockSummary& summary = header.summary;
  if (registers.size() == summary.count && sums.last != summary.last_register.count()) return false;
  if (summary.monotone) return sums.last <= summary.last_register.count();
  return *std::ranges::max_element(registers) <= kMaxRegister;
}

// payload: of the size the header says; readable: the same and what lies behind it; the rest as decode_front.
bool decode_payload(const BlockHeader& header, std::span<const std::byte> payload, std::span<const std::byte> readable,
                    std::size_t count, Instants instants, Series& out, std::size_t row) {
  const BlockSummary& summary = header.summary;
  const auto times = find_times(header, payload, readable);
  if (!times) return false;
  payload = payload.subspan(times->size_bytes);
  readable = readable.subspan(times->size_bytes);
  auto deltas = find_frames(payload, readable, summary.count - 1, header.wide ? WidthCoding::byte : WidthCoding::nibble,
                            max_delta_width(header));
  if (!deltas) return false;

  if (instants == Instants::write && !unpack_times(header, *times, count, numbers_of(out.at) + row)) return false;

  out.registers[row] = summary.first_register;
  deltas->numbers = count - 1;
  const auto sums = unpack_sums(*deltas,
                                {.start = summary.first_register.count(),
                                 .scale = static_cast<std::uint32_t>(header.scale()),
                                 .sign = summary.monotone ? DeltaRule::Sign::none : DeltaRule::Sign::zigzag},
                                numbers_of(out.registers) + row + 1);
  if (count > 1 && !registers_in_range(header, sums, std::span{out.registers}.subspan(row, count))) return false;

  ByteReader rest{payload.subspan(deltas->size_bytes)};
  if (header.has_reading_flags || !out.flags.empty()) {
    out.flags.reserve(out.at.capacity());  // else a year of late readings is moved with each month
    out.flags.resize(row);
  }
  if (header.has_reading_flags) {
    if (!read_reading_flags(rest, summary.count, out.flags)) return false;
  } else if (!out.flags.empty()) {
    out.flags.resize(row + count);
  }
  return rest.ok() && rest.left() == 0;
}

}  // namespace

void append_block(std::vector<std::byte>& out, SeriesKey key, const Series& series,
                  std::optional<ReadingBefore> before) {
  check_series(series, before);
  BlockHeader header;
  header.summary.key = key;
  header.summary.count = static_cast<std::uint32_t>(series.size());
  header.summary.first = series.at.front();
  header.summary.last = series.at.back();
  header.summary.first_register = series.registers.front();
  header.summary.last_register = series.registers.back();
  header.summary.before = before;
  header.summary.monotone = is_monotone(series, before);
  header.has_reading_flags = std::ranges::any_of(series.flags, [](ReadingFlags flags) { return !flags.normal(); });
  std::vector<std::int64_t> units;
  header.scale_exponent = scale_registers(series, before, units);
  const auto deltas = differences_of(units, header.summary.monotone);
  const auto coding = width_coding_of(deltas);
  header.wide = coding == WidthCoding::byte;

  std::vector<std::byte> payload;
  payload.reserve(series.size() * 2 + 64);
  append_times(payload, series.at, header);
  append_frames(payload, deltas, coding);
  if (header.has_reading_flags) append_reading_flags(payload, series.flags);

  header.payload_size_bytes = payload.size();
  append_block_header(out, header);
  out.insert(out.end(), payload.begin(), payload.end());
  put_fixed(out, crc32c(payload));
}

std::vector<std::byte> encode_block(SeriesKey key, const Series& series, std::optional<ReadingBefore> before) {
  std::vector<std::byte> out;
  append_block(out, key, series, before);
  return out;
}

Result<BlockSummary> decode_block_header(std::span<const std::byte> bytes) {
  BlockHeader header;
  if (auto read = read_block_header(bytes, header); !read) return read.error();
  if (header.summary.size_bytes > bytes.size()) return damaged_block(header.summary.key, "cut off");
  return header.summary;
}

Status verify_readings(const BlockHeader& header, std::span<const std::byte> bytes) {
  if (header.summary.size_bytes > bytes.size()) return damaged_block(header.summary.key, "cut off");
  const auto payload = bytes.subspan(header.header_size_bytes, header.payload_size_bytes);
  if (crc32c(payload) != load_fixed<std::uint32_t>(payload.data() + payload.size()))
    return damaged_block(header.summary.key, "checksum mismatch in its readings");
  return {};
}

std::size_t front_until(const BlockHeader& header, Instant to) {
  const BlockSummary& summary = header.summary;
  if (to >= summary.last || summary.step.count() == 0 || header.has_reading_flags) return summary.count;
  if (to <= summary.first) return 1;
  const auto deltas = static_cast<std::size_t>((to - summary.first) / summary.step);
  const auto whole_frames = (deltas + kFrameNumbers - 1) / kFrameNumbers * kFrameNumbers;
  return std::min<std::size_t>(whole_frames + 1, summary.count);
}

Status decode_front(const BlockHeader& header, std::span<const std::byte> bytes, std::size_t count, Instants instants,
                    Series& out, std::size_t row) {
  const bool regular = header.summary.step.count() > 0;
  MH_CHECK(count >= 1 && (count == header.summary.count || (regular && count < header.summary.count)));
  MH_CHECK(instants == Instants::write || regular);
  MH_CHECK(out.at.size() >= row + count && out.registers.size() >= row + count && out.flags.size() <= row);
  if (auto verified = verify_readings(header, bytes); !verified) return verified;
  const auto readable = bytes.subspan(header.header_size_bytes);
  if (!decode_payload(header, readable.first(header.payload_size_bytes), readable, count, instants, out, row))
    return damaged_block(header.summary.key, "its readings contradict its header");
  return {};
}

Status decode_readings(const BlockHeader& header, std::span<const std::byte> bytes, Series& out) {
  const std::size_t count = header.summary.count;
  out.flags.clear();
  resize_for_overwrite(out.at, count);
  resize_for_overwrite(out.registers, count);
  auto decoded = decode_front(header, bytes, count, Instants::write, out, 0);
  if (!decoded) out.clear();
  return decoded;
}

Status decode_block(std::span<const std::byte> bytes, Series& out) {
  BlockHeader header;
  if (auto read = read_block_header(bytes, header); !read) {
    out.clear();
    return read;
  }
  return decode_readings(header, bytes, out);
}

Result<BlockSummary> verify_block(std::span<const std::byte> bytes) {
  BlockHeader header;
  if (auto read = read_block_header(bytes, header); !read) return read.error();
  if (auto verified = verify_readings(header, bytes); !verified) return verified.error();
  return header.summary;
}

}  // namespace meterhouse

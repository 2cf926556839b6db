#include "codec/block_header.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/checksum.h"
#include "codec/bytes.h"

namespace meterhouse {
namespace {

// Bits of the flags varint. Those of an ordinary block fit one byte.
constexpr std::uint64_t kTimeModeMask = 3;  // bits 0 and 1
constexpr std::uint64_t kHasBefore = 1 << 2;
constexpr std::uint64_t kFalling = 1 << 3;
constexpr unsigned kScaleShift = 4;  // bits 4 to 6
constexpr std::uint64_t kHasReadingFlags = 1 << 7;
constexpr std::uint64_t kWide = 1 << 8;
constexpr std::uint64_t kBeforeGap = 1 << 9;
constexpr std::uint64_t kKnownFlags = (1 << 10) - 1;

// Longest header without its checksum: sizes, flags, key, count, first instant, step, span, three registers, gap.
constexpr std::size_t kMaxHeaderFields = 10 * 8 + 8;
static_assert(kMaxHeaderFields + kChecksumSize <= kMaxBlockHeaderSize);

bool gap_is_step(const BlockSummary& summary) {
  return summary.step.count() > 0 && summary.first - summary.before->at == summary.step;
}

std::uint64_t flags_of(const BlockHeader& header) {
  const BlockSummary& summary = header.summary;
  std::uint64_t flags = static_cast<std::uint64_t>(header.time_mode);
  flags |= std::uint64_t{header.scale_exponent} << kScaleShift;
  if (summary.before) flags |= gap_is_step(summary) ? kHasBefore : kHasBefore | kBeforeGap;
  if (!summary.monotone) flags |= kFalling;
  if (header.has_reading_flags) flags |= kHasReadingFlags;
  if (header.wide) flags |= kWide;
  return flags;
}

// Steps are mostly whole minutes: twice their number then, else twice the seconds plus one. Half an hour fits one byte.
std::uint64_t step_code(std::int64_t seconds) {
  return static_cast<std::uint64_t>(seconds % 60 == 0 ? seconds / 60 * 2 : seconds * 2 + 1);
}

std::int64_t step_of_code(std::uint64_t code) {
  const auto half = static_cast<std::int64_t>(code >> 1);
  return code % 2 == 1 ? half : half <= epoch_seconds(kLastInstant) ? half * 60 : 0;
}

// A difference of registers in units of the scale; only a falling block has negative ones.
std::uint64_t difference_code(std::int64_t units, bool falling) {
  return falling ? zigzag(units) : static_cast<std::uint64_t>(units);
}
std::int64_t difference_of_code(std::uint64_t code, bool falling) {
  return falling ? unzigzag(code) : static_cast<std::int64_t>(code);
}

// The fields as they are written, before anything is known of their sense.
struct Fields {
  std::uint64_t payload_size;
  std::uint64_t flags;
  std::uint32_t key;
  std::uint64_t count;
  std::uint32_t first;
  std::uint64_t step_code = 0;
  std::uint64_t span = 0;
  std::uint64_t first_units;
  std::uint64_t last_code = 0;
  std::uint64_t before_code = 0;
  std::uint64_t before_gap = 0;
  std::size_t size_bytes;

  bool has(std::uint64_t flag) const { return (flags & flag) != 0; }
  TimeMode time_mode() const { return static_cast<TimeMode>(flags & kTimeModeMask); }
  unsigned scale_exponent() const { return static_cast<unsigned>(flags >> kScaleShift) & kMaxScaleExponent; }
};

Fields read_fields(ByteReader& in) {
  Fields fields;
  fields.payload_size = in.varint();
  fields.flags = in.varint();
  fields.key = in.fixed<std::uint32_t>();
  fields.count = in.varint();
  fields.first = in.fixed<std::uint32_t>();
  const bool single = fields.count == 1;
  if (!single) fields.step_code = in.varint();
  if (fields.time_mode() != TimeMode::regular) fields.span = in.varint();
  fields.first_units = in.varint();
  if (!single) fields.last_code = in.varint();
  if (fields.has(kHasBefore)) fields.before_code = in.varint();
  if (fields.has(kBeforeGap)) fields.before_gap = in.varint();
  fields.size_bytes = in.position();
  return fields;
}

constexpr auto kLastSecond = static_cast<std::uint64_t>(epoch_seconds(kLastInstant));

bool flags_make_sense(const Fields& fields) {
  if (fields.flags > kKnownFlags || (fields.flags & kTimeModeMask) > static_cast<std::uint64_t>(TimeMode::packed))
    return false;
  if (fields.has(kBeforeGap) && !fields.has(kHasBefore)) return false;
  if (fields.count < 1 || fields.count > kMaxBlockReadings) return false;
  return fields.count > 1 || fields.time_mode() == TimeMode::regular;
}

// What the fields stand for, part by part. false: they contradict each other or go out of bounds. No product or sum can
// wrap: every factor has been compared with its bound.
bool set_times(const Fields& fields, BlockHeader& header) {
  BlockSummary& summary = header.summary;
  const bool regular = fields.time_mode() == TimeMode::regular;
  const auto step = fields.count > 1 ? step_of_code(fields.step_code) : 0;
  if (step < 0 || step > epoch_seconds(kLastInstant) || (step == 0) != (fields.count == 1)) return false;
  const auto steps = static_cast<std::int64_t>(fields.count) - 1;
  if (!regular && (fields.span > kLastSecond || fields.span < fields.count - 1)) return false;
  const auto last = std::int64_t{fields.first} + (regular ? steps * step : static_cast<std::int64_t>(fields.span));
  header.time_mode = fields.time_mode();
  header.nominal_step = step;
  summary.count = static_cast<std::uint32_t>(fields.count);
  summary.first = instant_from_epoch(fields.first);
  summary.last = instant_from_epoch(last);
  summary.step = Seconds{regular ? step : 0};
  return last <= epoch_seconds(kLastInstant);
}

bool set_registers(const Fields& fields, BlockHeader& header) {
  BlockSummary& summary = header.summary;
  const bool falling = fields.has(kFalling);
  header.scale_exponent = fields.scale_exponent();
  const auto scale = header.scale();
  const auto limit = header.max_units();
  const auto max_code = static_cast<std::uint64_t>(limit) * 2;
  if (fields.first_units > max_code || fields.last_code > max_code || fields.before_code > max_code) return false;
  const auto first = static_cast<std::int64_t>(fields.first_units);
  const auto last = first + difference_of_code(fields.last_code, falling);
  const auto before = first - difference_of_code(fields.before_code, falling);
  const auto gap = fields.has(kBeforeGap) ? fields.before_gap : static_cast<std::uint64_t>(summary.step.count());
  summary.monotone = !falling;
  summary.first_register = MilliWattHours{first * scale};
  summary.last_register = MilliWattHours{last * scale};
  summary.before.reset();
  const auto possible = [limit](std::int64_t units) { return units >= 0 && units <= limit; };
  if (!possible(first) || !possible(last) || !possible(before)) return false;
  if (!fields.has(kHasBefore)) return true;
  if (gap < 1 || gap > fields.first) return false;
  summary.before =
      ReadingBefore{summary.first - Seconds{static_cast<std::int64_t>(gap)}, MilliWattHours{before * scale}};
  return true;
}

bool set_sizes(const Fields& fields, BlockHeader& header) {
  header.header_size_bytes = fields.size_bytes + kChecksumSize;
  if (fields.payload_size > UINT32_MAX - header.header_size_bytes - kChecksumSize) return false;
  header.payload_size_bytes = static_cast<std::size_t>(fields.payload_size);
  header.summary.size_bytes =
      static_cast<std::uint32_t>(header.header_size_bytes + header.payload_size_bytes + kChecksumSize);
  return true;
}

Error damaged_header(std::optional<SeriesKey> key, std::string_view what) {
  if (!key) return {Errc::corruption, fmt::format("block header that names no meter: {}", what)};
  return {Errc::corruption, fmt::format("block header, by its own bytes of meter {}: {}", key->text(), what)};
}

}  // namespace

void append_block_header(std::vector<std::byte>& out, const BlockHeader& header) {
  const BlockSummary& summary = header.summary;
  const auto start = out.size();
  const auto scale = header.scale();
  const bool falling = !summary.monotone;
  put_varint(out, header.payload_size_bytes);
  put_varint(out, flags_of(header));
  put_fixed(out, summary.key.packed());
  put_varint(out, summary.count);
  put_fixed(out, static_cast<std::uint32_t>(epoch_seconds(summary.first)));
  if (summary.count > 1) put_varint(out, step_code(header.nominal_step));
  if (header.time_mode != TimeMode::regular)
    put_varint(out, static_cast<std::uint64_t>((summary.last - summary.first).count()));
  const auto first = summary.first_register.count() / scale;
  put_varint(out, static_cast<std::uint64_t>(first));
  if (summary.count > 1) put_varint(out, difference_code(summary.last_register.count() / scale - first, falling));
  if (summary.before) {
    put_varint(out, difference_code(first - summary.before->register_value.count() / scale, falling));
    if (!gap_is_step(summary))
      put_varint(out, static_cast<std::uint64_t>((summary.first - summary.before->at).count()));
  }
  put_fixed(out, crc32c(std::span{out}.subspan(start)));
}

Error damaged_block(SeriesKey key, std::string_view what) {
  return {Errc::corruption, fmt::format("block of meter {}: {}", key.text(), what)};
}

Status read_block_header(std::span<const std::byte> bytes, BlockHeader& header) {
  ByteReader in{bytes.first(std::min(bytes.size(), kMaxHeaderFields))};
  const Fields fields = read_fields(in);
  const auto key = SeriesKey::from_packed(fields.key);
  if (!in.ok() || !key) return damaged_header(std::nullopt, "not a block");
  header.summary.key = *key;
  header.has_reading_flags = fields.has(kHasReadingFlags);
  header.wide = fields.has(kWide);
  if (!flags_make_sense(fields) || !set_times(fields, header) || !set_registers(fields, header) ||
      !set_sizes(fields, header))
    return damaged_header(*key, "not a block");
  if (header.header_size_bytes > bytes.size()) return damaged_header(*key, "cut off");
  if (crc32c(bytes.first(fields.size_bytes)) != load_fixed<std::uint32_t>(bytes.data() + fields.size_bytes))
    return damaged_header(*key, "checksum mismatch");
  return {};
}

}  // namespace meterhouse

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

// What the fields mean, with every sum checked: nothing of it has to be in range.
class FieldReader {
 public:
  explicit FieldReader(std::span<const std::byte> bytes) : in_(bytes) {}

  // nullopt: what the bytes say is no header. `key` is set as soon as it is known.
  std::optional<BlockHeader> read(std::optional<SeriesKey>& key) {
    const auto payload_size = in_.varint();
    const auto flags = in_.varint();
    const auto packed_key = SeriesKey::from_packed(in_.fixed<std::uint32_t>());
    if (!in_.ok() || !packed_key) return std::nullopt;
    key = *packed_key;
    if (flags > kKnownFlags || (flags & kTimeModeMask) > static_cast<std::uint64_t>(TimeMode::packed))
      return std::nullopt;
    if ((flags & kBeforeGap) != 0 && (flags & kHasBefore) == 0) return std::nullopt;

    BlockHeader header{.summary = {.key = *key,
                                   .count = 0,
                                   .first = {},
                                   .last = {},
                                   .step = {},
                                   .first_register = {},
                                   .last_register = {},
                                   .before = {},
                                   .monotone = (flags & kFalling) == 0,
                                   .size_bytes = 0}};
    header.time_mode = static_cast<TimeMode>(flags & kTimeModeMask);
    header.scale_exponent = static_cast<unsigned>(flags >> kScaleShift) & kMaxScaleExponent;
    header.has_reading_flags = (flags & kHasReadingFlags) != 0;
    header.wide = (flags & kWide) != 0;
    if (!read_times(header) || !read_registers(header) || !read_before(header, flags) || !in_.ok()) return std::nullopt;

    header.header_size_bytes = in_.position() + kChecksumSize;
    if (payload_size > UINT32_MAX - header.header_size_bytes - kChecksumSize) return std::nullopt;
    header.payload_size_bytes = static_cast<std::size_t>(payload_size);
    header.summary.size_bytes =
        static_cast<std::uint32_t>(header.header_size_bytes + header.payload_size_bytes + kChecksumSize);
    return header;
  }

 private:
  bool read_times(BlockHeader& header) {
    BlockSummary& summary = header.summary;
    const auto count = in_.varint();
    summary.first = instant_from_epoch(in_.fixed<std::uint32_t>());
    summary.last = summary.first;
    if (count < 1 || count > kMaxBlockReadings) return false;
    summary.count = static_cast<std::uint32_t>(count);
    if (count == 1) return header.time_mode == TimeMode::regular;

    header.nominal_step = step_of_code(in_.varint());
    if (header.nominal_step < 1 || header.nominal_step > epoch_seconds(kLastInstant)) return false;
    auto span = (static_cast<std::int64_t>(count) - 1) * header.nominal_step;
    if (header.time_mode == TimeMode::regular) {
      summary.step = Seconds{header.nominal_step};
    } else {
      const auto written = in_.varint();
      if (written < count - 1 || written > static_cast<std::uint64_t>(epoch_seconds(kLastInstant))) return false;
      span = static_cast<std::int64_t>(written);
    }
    summary.last += Seconds{span};
    return summary.last <= kLastInstant;
  }

  bool read_registers(BlockHeader& header) {
    BlockSummary& summary = header.summary;
    const auto first = in_.varint();
    const auto limit = static_cast<std::uint64_t>(kMaxRegister.count() / header.scale());
    if (first > limit) return false;
    summary.first_register = MilliWattHours{static_cast<std::int64_t>(first) * header.scale()};
    summary.last_register = summary.first_register;
    if (summary.count == 1) return true;
    const auto last = register_at(header, +1);
    if (last) summary.last_register = *last;
    return last.has_value();
  }

  bool read_before(BlockHeader& header, std::uint64_t flags) {
    if ((flags & kHasBefore) == 0) return true;
    BlockSummary& summary = header.summary;
    const auto value = register_at(header, -1);
    auto gap = static_cast<std::uint64_t>(summary.step.count());
    if ((flags & kBeforeGap) != 0) gap = in_.varint();
    if (!value || gap < 1 || gap > static_cast<std::uint64_t>(epoch_seconds(summary.first))) return false;
    summary.before = ReadingBefore{summary.first - Seconds{static_cast<std::int64_t>(gap)}, *value};
    return true;
  }

  // The first register plus (side +1) or minus (side -1) a difference as written.
  std::optional<MilliWattHours> register_at(const BlockHeader& header, int side) {
    const auto code = in_.varint();
    const auto limit = kMaxRegister.count() / header.scale();
    if (code > static_cast<std::uint64_t>(limit) * 2) return std::nullopt;
    const auto units = header.summary.monotone ? static_cast<std::int64_t>(code) : unzigzag(code);
    const auto value = header.summary.first_register.count() / header.scale() + side * units;
    if (value < 0 || value > limit) return std::nullopt;
    return MilliWattHours{value * header.scale()};
  }

  ByteReader in_;
};

}  // namespace

std::int64_t power_of_ten(unsigned exponent) {
  static constexpr std::int64_t kPowers[] = {1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000};
  static_assert(std::size(kPowers) == kMaxScaleExponent + 1);
  return kPowers[exponent];
}

std::int64_t BlockHeader::scale() const { return power_of_ten(scale_exponent); }

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

Result<BlockHeader> read_block_header(std::span<const std::byte> bytes) {
  std::optional<SeriesKey> key;
  const auto header = FieldReader{bytes.first(std::min(bytes.size(), kMaxHeaderFields))}.read(key);
  const auto damaged = [&](std::string_view what) {
    if (key)
      return Error{Errc::corruption, fmt::format("block header, by its own bytes of meter {}: {}", key->text(), what)};
    return Error{Errc::corruption, fmt::format("block header that names no meter: {}", what)};
  };
  if (!header) return damaged("not a block");
  if (header->header_size_bytes > bytes.size()) return damaged("cut off");
  const auto fields_size = header->header_size_bytes - kChecksumSize;
  if (crc32c(bytes.first(fields_size)) != load_fixed<std::uint32_t>(bytes.data() + fields_size))
    return damaged("checksum mismatch");
  return *header;
}

}  // namespace meterhouse

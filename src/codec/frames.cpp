#include "codec/frames.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/check.h"
#include "codec/frames_unpack.h"

namespace meterhouse {
namespace {

std::size_t frame_count(std::size_t numbers) { return (numbers + kFrameNumbers - 1) / kFrameNumbers; }

std::size_t widths_size_bytes(std::size_t frames, WidthCoding coding) {
  return coding == WidthCoding::byte ? frames : (frames + 1) / 2;
}

unsigned width_of(std::span<const std::uint64_t> numbers) {
  std::uint64_t any = 0;
  for (const auto number : numbers) any |= number;
  return static_cast<unsigned>(std::bit_width(any));
}

std::span<const std::uint64_t> frame_at(std::span<const std::uint64_t> numbers, std::size_t frame) {
  const auto from = frame * kFrameNumbers;
  return numbers.subspan(from, std::min(kFrameNumbers, numbers.size() - from));
}

// Packs into words of 64 bits, as long as all fit the frame; `to` has kFrameSlack bytes more than that.
void pack_frame(std::byte* to, std::span<const std::uint64_t> numbers, unsigned width) {
  std::uint64_t pending = 0;  // `bits` of it are waiting, always below 64
  unsigned bits = 0;
  const auto store = [&to](std::uint64_t word) {
    std::memcpy(to, &word, sizeof word);
    to += sizeof word;
  };
  for (const auto number : numbers) {
    pending |= number << bits;
    bits += width;
    if (bits < 64) continue;
    store(pending);
    bits -= 64;
    pending = bits > 0 ? number >> (width - bits) : 0;
  }
  store(pending);
}
constexpr std::size_t kFrameSlack = sizeof(std::uint64_t);

struct WidthTotals {
  std::size_t sum = 0;
  unsigned widest = 0;
};

WidthTotals total_widths(const std::uint8_t* widths, std::size_t frames, WidthCoding coding) {
  WidthTotals totals;
  if (coding == WidthCoding::byte) {
    for (std::size_t i = 0; i < frames; ++i) {
      totals.sum += widths[i];
      totals.widest = std::max<unsigned>(totals.widest, widths[i]);
    }
    return totals;
  }
  // Byte-wide counters let the compiler add 16 or 32 widths at once; they are emptied before they can overflow (30 *
  // 8).
  const std::size_t pairs = (frames + 1) / 2;
  for (std::size_t from = 0; from < pairs; from += 8) {
    std::uint8_t sum = 0;
    const auto to = std::min(pairs, from + 8);
    for (std::size_t i = from; i < to; ++i) sum = static_cast<std::uint8_t>(sum + (widths[i] & 15) + (widths[i] >> 4));
    totals.sum += sum;
  }
  totals.widest = kMaxNibbleWidth;  // no nibble is wider, and no bound is lower
  return totals;
}

}  // namespace

WidthCoding width_coding_of(std::span<const std::uint64_t> numbers) {
  return width_of(numbers) <= kMaxNibbleWidth ? WidthCoding::nibble : WidthCoding::byte;
}

void append_frames(std::vector<std::byte>& out, std::span<const std::uint64_t> numbers, WidthCoding coding) {
  const auto frames = frame_count(numbers.size());
  const auto widths_at = out.size();
  auto at = widths_at + widths_size_bytes(frames, coding);
  // Room for the widest: what is not needed is given back at the end.
  const auto widest = width_of(numbers);
  MH_CHECK(widest <= (coding == WidthCoding::byte ? kMaxWidth : kMaxNibbleWidth));
  out.resize(at + frames * widest + kFrameSlack);
  for (std::size_t i = 0; i < frames; ++i) {
    const auto frame = frame_at(numbers, i);
    const auto width = width_of(frame);
    if (coding == WidthCoding::byte)
      out[widths_at + i] = static_cast<std::byte>(width);
    else
      out[widths_at + i / 2] |= static_cast<std::byte>(width << (i % 2 * 4));
    pack_frame(out.data() + at, frame, width);
    at += frames::frame_size_bytes(width, frame.size());
  }
  out.resize(at);
}

std::optional<FrameColumn> find_frames(std::span<const std::byte> bytes, std::span<const std::byte> readable,
                                       std::size_t numbers, WidthCoding coding, unsigned max_width) {
  MH_CHECK(max_width >= kMaxNibbleWidth && max_width <= kMaxWidth);
  const auto frames = frame_count(numbers);
  const auto widths_size = widths_size_bytes(frames, coding);
  if (widths_size > bytes.size()) return std::nullopt;

  FrameColumn column;
  column.numbers = numbers;
  column.coding = coding;
  column.widths = reinterpret_cast<const std::uint8_t*>(bytes.data());
  column.data = bytes.data() + widths_size;
  column.readable_end = readable.data() + readable.size();
  if (frames == 0) return column;

  auto [sum, widest] = total_widths(column.widths, frames, coding);
  if (widest > max_width) return std::nullopt;
  if (coding == WidthCoding::nibble && frames % 2 == 1 && column.widths[frames / 2] > 15) return std::nullopt;

  // A full frame is `width` bytes, the last one what its numbers need.
  const auto last_width = column.width(frames - 1);
  const auto last_numbers = numbers - (frames - 1) * kFrameNumbers;
  sum = sum - last_width + frames::frame_size_bytes(last_width, last_numbers);
  if (sum > bytes.size() - widths_size) return std::nullopt;
  column.size_bytes = widths_size + sum;
  return column;
}

namespace frames {

void unpack_one(const FrameColumn& column, const DeltaRule& rule, std::size_t& frame, const std::byte*& data,
                Running& running, std::int64_t* out) {
  const auto done = frame * kFrameNumbers;
  const auto count = std::min(kFrameNumbers, column.numbers - done);
  const auto width = column.width(frame);
  const auto size = frame_size_bytes(width, count);
  Numbers numbers;
  if (static_cast<std::size_t>(column.readable_end - data) >= kReach) {
    kUnpackFrame[width](data, numbers);
  } else {
    const PaddedFrame padded{data, size};
    kUnpackFrame[width](padded.bytes.data(), numbers);
  }
  running.add(numbers, count, rule, out + done);
  data += size;
  ++frame;
}

}  // namespace frames

UnpackKernel best_unpack_kernel() {
#if defined(__x86_64__)
  static const bool avx2 = __builtin_cpu_supports("avx2") != 0;
  if (avx2) return UnpackKernel::avx2;
#endif
  return UnpackKernel::portable;
}

Sums unpack_sums_with(UnpackKernel kernel, const FrameColumn& column, const DeltaRule& rule, std::int64_t* out) {
#if defined(__x86_64__)
  if (kernel == UnpackKernel::avx2) return frames::unpack_sums_avx2(column, rule, out);
#endif
  MH_CHECK(kernel == UnpackKernel::portable);
  const std::byte* data = column.data;
  frames::Running running{static_cast<std::uint64_t>(rule.start)};
  for (std::size_t frame = 0; frame * kFrameNumbers < column.numbers;)
    frames::unpack_one(column, rule, frame, data, running, out);
  return {static_cast<std::int64_t>(running.sum), running.any_bits};
}

Sums unpack_sums(const FrameColumn& column, const DeltaRule& rule, std::int64_t* out) {
  return unpack_sums_with(best_unpack_kernel(), column, rule, out);
}

void fill_steps(std::int64_t first, std::int64_t step, std::size_t count, std::int64_t* out) {
#if defined(__x86_64__)
  if (best_unpack_kernel() == UnpackKernel::avx2) return frames::fill_steps_avx2(first, step, count, out);
#endif
  for (std::size_t i = 0; i < count; ++i) out[i] = first + static_cast<std::int64_t>(i) * step;
}

}  // namespace meterhouse

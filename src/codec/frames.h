#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace meterhouse {

// A column of unsigned numbers in frames of 8, each frame bit-packed to the width of its widest number. First the
// widths of all frames, then the frames, the i-th number of a frame at bit i * width of it, low bits first. A full
// frame is exactly `width` bytes. Half-hourly consumption rises and falls with the hours, so that a frame's width
// follows it: of 8, 12, 16, 24 and 32 numbers, 8 gave the smallest column on real data with its widths counted, and 8
// is what a 256-bit register unpacks in one go (docs/formats/why.md has the figures).
inline constexpr std::size_t kFrameNumbers = 8;

// How the widths are written: 4 bits a frame as long as all are below 16, else a byte a frame.
enum class WidthCoding : std::uint8_t { nibble, byte };
inline constexpr unsigned kMaxNibbleWidth = 15;
inline constexpr unsigned kMaxWidth = 56;  // 8 numbers of it can be loaded as unaligned 64-bit words

WidthCoding width_coding_of(std::span<const std::uint64_t> numbers);

// Numbers below 2^kMaxWidth (MH_CHECK), and below 2^16 for WidthCoding::nibble.
void append_frames(std::vector<std::byte>& out, std::span<const std::uint64_t> numbers, WidthCoding coding);

// A column whose every length and width has been checked against the bytes it lies in.
struct FrameColumn {
  std::size_t numbers = 0;
  WidthCoding coding = WidthCoding::nibble;
  const std::uint8_t* widths = nullptr;
  const std::byte* data = nullptr;
  const std::byte* readable_end = nullptr;  // of the bytes around it: loads may go past the column up to here
  std::size_t size_bytes = 0;               // widths and frames

  unsigned width(std::size_t frame) const {
    return coding == WidthCoding::byte ? widths[frame] : (widths[frame / 2] >> (frame % 2 * 4)) & 15U;
  }
};

// The column at the front of `bytes`. nullopt: it does not fit in them, or a width is over max_width
// (kMaxNibbleWidth..kMaxWidth). `readable` begins where `bytes` does and may go further: memory that may be loaded, not
// believed.
std::optional<FrameColumn> find_frames(std::span<const std::byte> bytes, std::span<const std::byte> readable,
                                       std::size_t numbers, WidthCoding coding, unsigned max_width);

// Running sums: out[i] = start + sum of (bias + scale * number[k]) for k = 0..i; signed numbers are zigzag-coded.
struct DeltaRule {
  std::int64_t start = 0;
  std::int64_t bias = 0;    // only with Sign::zigzag
  std::uint32_t scale = 1;  // below 2^31
  enum class Sign : std::uint8_t { none, zigzag } sign = Sign::none;
};

// What came out, for the caller to check: sums may have wrapped where the column was made by nobody honest.
struct Sums {
  std::int64_t last = 0;
  std::uint64_t any_bits = 0;  // all sums or-ed
};

// Writes column.numbers sums to `out`. A caller that wants only the first ones lowers column.numbers before: to a
// multiple of kFrameNumbers.
Sums unpack_sums(const FrameColumn& column, const DeltaRule& rule, std::int64_t* out);

// out[i] = first + i * step.
void fill_steps(std::int64_t first, std::int64_t step, std::size_t count, std::int64_t* out);

// The two ways unpack_sums may go, for tests and the benchmark: the plain one runs on every machine.
enum class UnpackKernel : std::uint8_t { portable, avx2 };
UnpackKernel best_unpack_kernel();
Sums unpack_sums_with(UnpackKernel kernel, const FrameColumn& column, const DeltaRule& rule, std::int64_t* out);

}  // namespace meterhouse

// Unpacking 8 numbers at once. A shuffle brings the 4 bytes that hold each number into its own 32-bit lane, a shift by
// lane and a mask leave the number; two shifted additions make running sums within 4 lanes, and the sums are multiplied
// by the scale on their way to 64 bits. All that differs between widths are constants from a table, so that one loop
// without a branch on the width unpacks a column; what carries over from frame to frame is one addition. The functions
// alone are compiled for AVX2 (never the file: inline functions of the standard library must stay runnable everywhere),
// and only called where the processor has it.
#if defined(__x86_64__)

#include <immintrin.h>

#include "codec/frames_unpack.h"

namespace meterhouse::frames {
namespace {

constexpr unsigned kMaxVectorWidth = 25;  // 7 bits of shift and the number within 32
constexpr std::ptrdiff_t kVectorReach = kMaxVectorWidth / 2 + 16;

struct WidthConstants {
  alignas(32) std::array<std::uint8_t, 32> shuffle;  // each 128-bit half of its own: numbers 0..3, numbers 4..7
  std::array<std::uint32_t, 8> shift;
  std::uint32_t mask;
  std::uint32_t upper_offset;  // in bytes, of the 16 that hold numbers 4..7
};

constexpr WidthConstants width_constants(unsigned width) {
  WidthConstants constants{};
  constants.mask = (1U << width) - 1;
  constants.upper_offset = width / 2;
  for (unsigned i = 0; i < 8; ++i) {
    const unsigned bit = i * width - (i < 4 ? 0 : constants.upper_offset * 8);
    for (unsigned k = 0; k < 4; ++k) constants.shuffle[i * 4 + k] = static_cast<std::uint8_t>(bit / 8 + k);
    constants.shift[i] = bit % 8;
  }
  return constants;
}

constexpr auto kWidths = []<unsigned... W>(std::integer_sequence<unsigned, W...>) {
  return std::array<WidthConstants, sizeof...(W)>{width_constants(W)...};
}
(std::make_integer_sequence<unsigned, kMaxVectorWidth + 1>{});

__attribute__((target("avx2"), always_inline)) inline __m256i load_numbers(const std::byte* from, unsigned width) {
  const auto& constants = kWidths[width];
  const __m128i lower = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  const __m128i upper = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + constants.upper_offset));
  const __m256i shuffle = _mm256_load_si256(reinterpret_cast<const __m256i*>(constants.shuffle.data()));
  const __m256i shift = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(constants.shift.data()));
  const __m256i spread = _mm256_shuffle_epi8(_mm256_set_m128i(upper, lower), shuffle);
  return _mm256_and_si256(_mm256_srlv_epi32(spread, shift), _mm256_set1_epi32(static_cast<int>(constants.mask)));
}

// Sums within each half of 4; below 4 * 2^25 in magnitude.
__attribute__((target("avx2"), always_inline)) inline __m256i sums_of_four(__m256i numbers) {
  numbers = _mm256_add_epi32(numbers, _mm256_slli_si256(numbers, 4));
  return _mm256_add_epi32(numbers, _mm256_slli_si256(numbers, 8));
}

__attribute__((target("avx2"), always_inline)) inline __m256i broadcast_last(__m256i numbers) {
  return _mm256_permute4x64_epi64(numbers, 0xFF);
}

// Frames [frame, end) as far as they are narrow enough and may be loaded whole; frame, data and running move along.
template <DeltaRule::Sign kSign, WidthCoding kCoding>
__attribute__((target("avx2"))) void unpack_frames(const FrameColumn& column, const DeltaRule& rule, std::size_t& frame,
                                                   const std::byte*& data, Running& running, std::int64_t* out) {
  const __m256i scale = _mm256_set1_epi64x(rule.scale);
  const __m256i bias = _mm256_set_epi64x(rule.bias * 4, rule.bias * 3, rule.bias * 2, rule.bias);
  const std::size_t end = column.numbers / kFrameNumbers;
  const std::uint8_t* const widths = column.widths;
  if (column.readable_end - data < kVectorReach) return;
  const std::byte* const last_start = column.readable_end - kVectorReach;  // where a load still ends in time
  const std::byte* from = data;
  std::size_t i = frame;
  __m256i sum = _mm256_set1_epi64x(static_cast<std::int64_t>(running.sum));  // the same in all lanes
  __m256i any_bits = _mm256_setzero_si256();
  for (; i < end && from <= last_start; ++i) {
    const unsigned width = kCoding == WidthCoding::byte ? widths[i] : (widths[i / 2] >> (i % 2 * 4)) & 15U;
    if (kCoding == WidthCoding::byte && width > kMaxVectorWidth) break;
    __m256i numbers = load_numbers(from, width);
    if constexpr (kSign == DeltaRule::Sign::zigzag) {
      const __m256i sign = _mm256_sub_epi32(_mm256_setzero_si256(), _mm256_and_si256(numbers, _mm256_set1_epi32(1)));
      numbers = _mm256_xor_si256(_mm256_srli_epi32(numbers, 1), sign);
    }
    const __m256i sums = sums_of_four(numbers);
    __m256i lower = _mm256_mul_epi32(_mm256_cvtepi32_epi64(_mm256_castsi256_si128(sums)), scale);
    __m256i upper = _mm256_mul_epi32(_mm256_cvtepi32_epi64(_mm256_extracti128_si256(sums, 1)), scale);
    if constexpr (kSign == DeltaRule::Sign::zigzag) {
      lower = _mm256_add_epi64(lower, bias);
      upper = _mm256_add_epi64(upper, bias);
    }
    upper = _mm256_add_epi64(upper, broadcast_last(lower));
    const __m256i first_four = _mm256_add_epi64(sum, lower);
    const __m256i last_four = _mm256_add_epi64(sum, upper);
    sum = _mm256_add_epi64(sum, broadcast_last(upper));
    any_bits = _mm256_or_si256(any_bits, _mm256_or_si256(first_four, last_four));
    auto* to = reinterpret_cast<__m256i*>(out + i * kFrameNumbers);
    _mm256_storeu_si256(to, first_four);
    _mm256_storeu_si256(to + 1, last_four);
    from += width;
  }
  alignas(32) std::array<std::uint64_t, 4> bits;
  _mm256_store_si256(reinterpret_cast<__m256i*>(bits.data()), any_bits);
  running.any_bits |= bits[0] | bits[1] | bits[2] | bits[3];
  running.sum = static_cast<std::uint64_t>(_mm256_extract_epi64(sum, 0));
  frame = i;
  data = from;
}

using UnpackFrames = void (*)(const FrameColumn&, const DeltaRule&, std::size_t&, const std::byte*&, Running&,
                              std::int64_t*);

UnpackFrames unpack_frames_for(WidthCoding coding, DeltaRule::Sign sign) {
  if (sign == DeltaRule::Sign::zigzag)
    return coding == WidthCoding::byte ? unpack_frames<DeltaRule::Sign::zigzag, WidthCoding::byte>
                                       : unpack_frames<DeltaRule::Sign::zigzag, WidthCoding::nibble>;
  return coding == WidthCoding::byte ? unpack_frames<DeltaRule::Sign::none, WidthCoding::byte>
                                     : unpack_frames<DeltaRule::Sign::none, WidthCoding::nibble>;
}

}  // namespace

Sums unpack_sums_avx2(const FrameColumn& column, const DeltaRule& rule, std::int64_t* out) {
  const auto unpack_some = unpack_frames_for(column.coding, rule.sign);
  const std::byte* data = column.data;
  Running running{static_cast<std::uint64_t>(rule.start)};
  for (std::size_t frame = 0; frame * kFrameNumbers < column.numbers;) {
    unpack_some(column, rule, frame, data, running, out);
    if (frame * kFrameNumbers < column.numbers) unpack_one(column, rule, frame, data, running, out);
  }
  return {static_cast<std::int64_t>(running.sum), running.any_bits};
}

__attribute__((target("avx2"))) void fill_steps_avx2(std::int64_t first, std::int64_t step, std::size_t count,
                                                     std::int64_t* out) {
  __m256i four = _mm256_set_epi64x(first + 3 * step, first + 2 * step, first + step, first);
  const __m256i stride = _mm256_set1_epi64x(4 * step);
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4, four = _mm256_add_epi64(four, stride))
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), four);
  for (; i < count; ++i) out[i] = first + static_cast<std::int64_t>(i) * step;
}

}  // namespace meterhouse::frames

#endif

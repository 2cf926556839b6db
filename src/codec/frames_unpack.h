#pragma once

#include <array>
#include <cstring>
#include <utility>

#include "codec/bytes.h"
#include "codec/frames.h"

namespace meterhouse::frames {

// Shared by the kernels; nobody else includes it.

// Bytes a kernel may load from the start of a frame.
inline constexpr std::size_t kReach = 64;
static_assert(kReach >= kMaxWidth + 8);

using Numbers = std::array<std::uint64_t, kFrameNumbers>;

template <unsigned Width>
void unpack_frame(const std::byte* from, Numbers& out) {
  if constexpr (Width == 0) {
    out.fill(0);
  } else {
    constexpr std::uint64_t kMask = (std::uint64_t{1} << Width) - 1;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((out[I] = (load_fixed<std::uint64_t>(from + I * Width / 8) >> (I * Width % 8)) & kMask), ...);
    }
    (std::make_index_sequence<kFrameNumbers>{});
  }
}

using UnpackFrame = void (*)(const std::byte*, Numbers&);
inline constexpr auto kUnpackFrame = []<std::size_t... W>(std::index_sequence<W...>) {
  return std::array<UnpackFrame, sizeof...(W)>{unpack_frame<W>...};
}
(std::make_index_sequence<kMaxWidth + 1>{});

// A frame near the end of the readable bytes, moved to where a kernel may load past it.
struct PaddedFrame {
  std::array<std::byte, kReach> bytes{};
  PaddedFrame(const std::byte* from, std::size_t size_bytes) { std::memcpy(bytes.data(), from, size_bytes); }
};

inline std::size_t frame_size_bytes(unsigned width, std::size_t numbers) { return (width * numbers + 7) / 8; }

// The running sum, one frame at a time, in wrapping arithmetic.
struct Running {
  std::uint64_t sum;
  std::uint64_t any_bits = 0;

  void add(const Numbers& numbers, std::size_t count, const DeltaRule& rule, std::int64_t* out) {
    const bool signed_numbers = rule.sign == DeltaRule::Sign::zigzag;
    for (std::size_t i = 0; i < count; ++i) {
      const auto number = signed_numbers ? static_cast<std::uint64_t>(unzigzag(numbers[i])) : numbers[i];
      sum += static_cast<std::uint64_t>(rule.bias) + number * rule.scale;
      any_bits |= sum;
      out[i] = static_cast<std::int64_t>(sum);
    }
  }
};

// One frame, whose bytes begin at `data`, without looking past the readable end; frame, data and running move on by it.
void unpack_one(const FrameColumn& column, const DeltaRule& rule, std::size_t& frame, const std::byte*& data,
                Running& running, std::int64_t* out);

#if defined(__x86_64__)
Sums unpack_sums_avx2(const FrameColumn& column, const DeltaRule& rule, std::int64_t* out);
void fill_steps_avx2(std::int64_t first, std::int64_t step, std::size_t count, std::int64_t* out);
#endif

}  // namespace meterhouse::frames

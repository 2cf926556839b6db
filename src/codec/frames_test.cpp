#include "codec/frames.h"

#include <gtest/gtest.h>

#include "base/property_test.h"
#include "codec/bytes.h"
#include "codec/testing/sample_series.h"

namespace meterhouse {
namespace {

std::vector<std::uint64_t> numbers_of_width(std::size_t count, unsigned width, std::uint64_t seed) {
  samples::SampleNumbers random{seed};
  std::vector<std::uint64_t> numbers(count);
  for (auto& number : numbers) number = random.next() & ((std::uint64_t{1} << width) - 1);
  return numbers;
}

std::vector<std::int64_t> sums_by_hand(const std::vector<std::uint64_t>& numbers, const DeltaRule& rule) {
  std::vector<std::int64_t> sums;
  auto sum = rule.start;
  for (const auto number : numbers) {
    const auto value = rule.sign == DeltaRule::Sign::zigzag ? unzigzag(number) : static_cast<std::int64_t>(number);
    sums.push_back(sum += rule.bias + value * rule.scale);
  }
  return sums;
}

std::vector<UnpackKernel> kernels() {
  if (best_unpack_kernel() == UnpackKernel::portable) return {UnpackKernel::portable};
  return {UnpackKernel::portable, best_unpack_kernel()};
}

void expect_sums(const std::vector<std::uint64_t>& numbers, const DeltaRule& rule, std::size_t bytes_behind) {
  const auto coding = width_coding_of(numbers);
  std::vector<std::byte> bytes;
  append_frames(bytes, numbers, coding);
  const auto size = bytes.size();
  bytes.resize(size + bytes_behind, std::byte{0xFF});
  bytes.shrink_to_fit();  // so that the address sanitizer sees a load past the end
  const auto column = find_frames(std::span{bytes}.first(size), bytes, numbers.size(), coding, kMaxWidth);
  ASSERT_TRUE(column);
  EXPECT_EQ(column->size_bytes, size);
  const auto expected = sums_by_hand(numbers, rule);
  for (const auto kernel : kernels()) {
    std::vector<std::int64_t> sums(numbers.size());
    const auto end = unpack_sums_with(kernel, *column, rule, sums.data());
    EXPECT_EQ(sums, expected);
    EXPECT_EQ(end.last, expected.empty() ? rule.start : expected.back());
    std::uint64_t any_bits = 0;
    for (const auto sum : expected) any_bits |= static_cast<std::uint64_t>(sum);
    EXPECT_EQ(end.any_bits, any_bits);
  }
}

TEST(Frames, EveryWidthAndLengthOnEveryKernel) {
  for (unsigned width = 0; width <= 54; ++width)
    for (const std::size_t count : {0u, 1u, 7u, 8u, 9u, 16u, 47u, 80u, 93u}) {
      SCOPED_TRACE(fmt::format("width {} count {}", width, count));
      const auto numbers = numbers_of_width(count, width, width * 1'000 + count);
      expect_sums(numbers, {.start = 1'234}, 0);
      expect_sums(numbers, {.start = -5, .bias = 1'800, .sign = DeltaRule::Sign::zigzag}, 3);
      if (width <= 30) expect_sums(numbers, {.start = 77, .scale = 10'000'000}, 100);
    }
}

TEST(Frames, WidthsMixWithinAColumn) {
  samples::SampleNumbers random{11};
  std::vector<std::uint64_t> numbers;
  for (int frame = 0; frame < 200; ++frame) {
    const auto width = static_cast<unsigned>(frame % 40 == 39 ? 50 : random.below(26));
    for (const auto number : numbers_of_width(8, width, random.next())) numbers.push_back(number);
  }
  expect_sums(numbers, {.start = 3}, 64);
  expect_sums(numbers, {.start = 3, .sign = DeltaRule::Sign::zigzag}, 0);
}

TEST(Frames, FillsSteps) {
  for (const std::size_t count : {0u, 1u, 3u, 4u, 5u, 1'488u}) {
    std::vector<std::int64_t> filled(count + 1, -1);
    fill_steps(100, 1'800, count, filled.data());
    for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(filled[i], 100 + static_cast<std::int64_t>(i) * 1'800);
    EXPECT_EQ(filled[count], -1);
  }
}

TEST(Frames, RefusesWhatDoesNotFit) {
  const auto numbers = numbers_of_width(30, 20, 1);
  std::vector<std::byte> bytes;
  append_frames(bytes, numbers, WidthCoding::byte);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut)
    EXPECT_FALSE(find_frames(std::span{bytes}.first(cut), bytes, numbers.size(), WidthCoding::byte, kMaxWidth)) << cut;
  EXPECT_FALSE(find_frames(bytes, bytes, numbers.size(), WidthCoding::byte, 19));
  EXPECT_FALSE(find_frames(bytes, bytes, std::size_t{1} << 40, WidthCoding::byte, kMaxWidth));
  EXPECT_FALSE(find_frames(bytes, bytes, std::size_t{1} << 40, WidthCoding::nibble, kMaxWidth));
}

TEST(Bytes, VarintsRoundTripAndOverlongOnesFail) {
  for (const std::uint64_t value : {0ULL, 127ULL, 128ULL, 0xFFFFFFFFULL, ~0ULL}) {
    std::vector<std::byte> bytes;
    put_varint(bytes, value);
    ByteReader in{bytes};
    EXPECT_EQ(in.varint(), value);
    EXPECT_TRUE(in.ok());
    EXPECT_EQ(in.varint(), 0u);
    EXPECT_FALSE(in.ok());
  }
  const std::vector<std::byte> endless(11, std::byte{0x80});
  ByteReader in{endless};
  in.varint();
  EXPECT_FALSE(in.ok());
}

RC_GTEST_PROP(BytesProperty, ZigzagKeepsEveryNumber, (std::int64_t value)) {
  RC_ASSERT(unzigzag(zigzag(value)) == value);
}

}  // namespace
}  // namespace meterhouse

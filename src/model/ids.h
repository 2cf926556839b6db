#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace meterhouse {

// A metering point: 9 digits, leading zeros significant. Holding one means it is valid.
class MeterId {
 public:
  static constexpr std::uint32_t kMax = 999'999'999;

  // errors  invalid_argument: not exactly 9 ASCII digits
  static Result<MeterId> parse(std::string_view text);
  // number <= kMax (MH_CHECK)
  static MeterId from_number(std::uint32_t number);

  constexpr std::uint32_t number() const { return number_; }
  std::string text() const;  // always 9 digits
  friend constexpr auto operator<=>(MeterId, MeterId) = default;

 private:
  constexpr explicit MeterId(std::uint32_t number) : number_(number) {}
  std::uint32_t number_;
};

// import: to the customer; export: from the customer. Both positive. `import` where nothing is said.
enum class Channel : std::uint8_t { import_ = 0, export_ = 1 };
inline constexpr Channel kChannels[] = {Channel::import_, Channel::export_};

std::string_view to_string(Channel channel);           // "import", "export"
Result<Channel> parse_channel(std::string_view text);  // errors invalid_argument

// A meter's channel as one number, in the order of the segments: by meter, then channel. A 9-digit id fits 30 bits.
class SeriesKey {
 public:
  constexpr SeriesKey(MeterId meter, Channel channel)
      : packed_((meter.number() << 2) | static_cast<std::uint32_t>(channel)) {}
  // errors  corruption: no such meter or channel
  static Result<SeriesKey> from_packed(std::uint32_t packed);

  constexpr std::uint32_t packed() const { return packed_; }
  MeterId meter() const { return MeterId::from_number(packed_ >> 2); }
  constexpr Channel channel() const { return static_cast<Channel>(packed_ & 3); }
  std::string text() const;  // "100000001 import", for messages
  friend constexpr auto operator<=>(SeriesKey, SeriesKey) = default;

 private:
  constexpr explicit SeriesKey(std::uint32_t packed) : packed_(packed) {}
  std::uint32_t packed_;
};

}  // namespace meterhouse

template <>
struct std::hash<meterhouse::MeterId> {
  std::size_t operator()(meterhouse::MeterId id) const noexcept { return std::hash<std::uint32_t>{}(id.number()); }
};
template <>
struct std::hash<meterhouse::SeriesKey> {
  std::size_t operator()(meterhouse::SeriesKey key) const noexcept { return std::hash<std::uint32_t>{}(key.packed()); }
};

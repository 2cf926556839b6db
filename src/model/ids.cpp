#include "model/ids.h"

#include "base/check.h"

namespace meterhouse {

Result<MeterId> MeterId::parse(std::string_view text) {
  if (text.size() != 9)
    return Error{Errc::invalid_argument, fmt::format("a meter id has 9 digits, not '{:.40}'", text)};
  std::uint32_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9')
      return Error{Errc::invalid_argument, fmt::format("a meter id has 9 digits, not '{}'", text)};
    number = number * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return MeterId{number};
}

MeterId MeterId::from_number(std::uint32_t number) {
  MH_CHECK(number <= kMax);
  return MeterId{number};
}

std::string MeterId::text() const { return fmt::format("{:09}", number_); }

std::string_view to_string(Channel channel) { return channel == Channel::import_ ? "import" : "export"; }

Result<Channel> parse_channel(std::string_view text) {
  if (text == "import") return Channel::import_;
  if (text == "export") return Channel::export_;
  return Error{Errc::invalid_argument, fmt::format("a channel is import or export, not '{:.40}'", text)};
}

Result<SeriesKey> SeriesKey::from_packed(std::uint32_t packed) {
  if ((packed >> 2) > MeterId::kMax || (packed & 3) > 1)
    return Error{Errc::corruption, fmt::format("{:#x} is no meter and channel", packed)};
  return SeriesKey{packed};
}

std::string SeriesKey::text() const { return fmt::format("{:09} {}", packed_ >> 2, to_string(channel())); }

}  // namespace meterhouse

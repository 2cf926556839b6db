#include "formats/row_decoder.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace meterhouse {
namespace {

using Kind = FieldText::Kind;
static_assert(std::endian::native == std::endian::little, "the first of eight digits must be the lowest byte");

constexpr FieldFault kNoFault{};

// Nine digits as a number: eight at a time, each pair, then each four, then all. nullopt: not nine digits.
std::optional<std::uint32_t> nine_digits(const char* text) {
  std::uint64_t word = 0;
  std::memcpy(&word, text, 8);
  word ^= 0x3030303030303030U;
  const auto last = static_cast<std::uint32_t>(static_cast<unsigned char>(text[8])) - '0';
  if (((word | (word + 0x7676767676767676U)) & 0x8080808080808080U) != 0 || last > 9) return std::nullopt;
  word = word * 10 + (word >> 8);
  constexpr std::uint64_t kPairs = 0x000000FF000000FFU;
  const std::uint64_t eight =
      ((word & kPairs) * 0x000F424000000064U + ((word >> 16) & kPairs) * 0x0000271000000001U) >> 32;
  return static_cast<std::uint32_t>(eight) * 10 + last;
}

// "123.45": what registers look like, at most 15 digits in all and 6 of them behind the point, so that nothing
// overflows and nothing is rounded. nullopt says nothing of the text. Takes a third of the time of parse_kwh.
std::optional<std::int64_t> plain_register(std::string_view text) {
  constexpr std::size_t kMaxDigits = 15;
  constexpr std::int64_t kScale[] = {1'000'000, 100'000, 10'000, 1'000, 100, 10, 1};
  const char* p = text.data();
  const char* const end = p + text.size();
  if (text.empty() || text.size() > kMaxDigits) return std::nullopt;
  std::int64_t value = 0;
  const auto take_digits = [&] {
    const char* const start = p;
    for (; p != end && *p >= '0' && *p <= '9'; ++p) value = value * 10 + (*p - '0');
    return p - start;
  };
  if (take_digits() == 0) return std::nullopt;
  std::ptrdiff_t places = 0;
  if (p != end && *p == '.') {
    ++p;
    places = take_digits();
    if (places == 0 || places > kKwhPlaces) return std::nullopt;
  }
  if (p != end || value > kMaxRegister.count() / kScale[places]) return std::nullopt;
  return value * kScale[places];
}

}  // namespace

FieldFault decode_meter(const FieldText& field, std::uint32_t& meter) {
  if (!field.given()) return {"meter_id", "is missing"};
  if (field.kind == Kind::number) return {"meter_id", "must be a string of 9 digits, not a number"};
  if (field.kind != Kind::string || field.text.size() != 9) return {"meter_id", "must be a string of 9 digits"};
  const auto number = nine_digits(field.text.data());
  if (!number) return {"meter_id", "must be a string of 9 digits"};
  meter = *number;
  return kNoFault;
}

FieldFault decode_register(const FieldText& field, std::string_view name, MilliWattHours& value) {
  if (!field.given()) return {name, "is missing"};
  if (field.kind == Kind::other) return {name, "must be a number or decimal text"};
  if (const auto plain = plain_register(field.text)) {
    value = MilliWattHours{*plain};
    return kNoFault;
  }
  const auto parsed = parse_kwh(field.text);
  if (!parsed) return {name, parsed.error().code == Errc::out_of_range ? "is out of range" : "is not a number"};
  if (*parsed < MilliWattHours{0}) return {name, "is negative"};
  if (*parsed > kMaxRegister) return {name, "is over 9000000000 kWh"};
  value = *parsed;
  return kNoFault;
}

FieldFault decode_channel(const FieldText& field, Channel& channel) {
  channel = Channel::import_;
  if (!field.given()) return kNoFault;
  if (field.kind == Kind::string && field.text == "import") return kNoFault;
  if (field.kind != Kind::string || field.text != "export") return {"channel", "must be import or export"};
  channel = Channel::export_;
  return kNoFault;
}

RowDecoder::RowDecoder(const RowContext& context)
    : instants_(context.calendar),
      latest_allowed_(context.latest_allowed),
      site_repeats_hours_(context.calendar.repeats_local_times()) {}

void RowDecoder::decode(std::uint64_t row, const RowFields& fields, ParsedRows& out) {
  std::uint32_t meter = 0;
  Channel channel{};
  Instant at;
  MilliWattHours value;
  FieldFault fault = decode_meter(fields.meter_id, meter);
  if (fault.reason.empty()) fault = decode_channel(fields.channel, channel);
  const SeriesKey key{MeterId::from_number(meter), channel};
  if (fault.reason.empty()) fault = decode_instant(fields, key, at);
  if (fault.reason.empty()) fault = decode_register(fields.register_value, fields.register_name, value);
  if (!fault.reason.empty()) return out.reject(row, fault.field, fault.reason);
  if (site_repeats_hours_) remember(key, at);
  out.add(row, Reading{key, at, value});
}

FieldFault RowDecoder::check_instant(Instant at, std::string_view name) const {
  if (at > latest_allowed_) return {name, "is in the future"};
  if (at < kFirstInstant) return {name, "is before 1970"};
  if (at > kLastInstant) return {name, "is after 2106"};
  return kNoFault;
}

FieldFault RowDecoder::decode_instant(const RowFields& fields, SeriesKey key, Instant& at) {
  const std::string_view name = fields.at_name;
  if (!fields.at.given()) return {name, "is missing"};
  if (fields.at.kind != Kind::string) return {name, "must be a string"};
  const auto answer = instants_.read(fields.at.text);
  if (answer.fault == InstantReader::Fault::not_a_time) return {name, "is not an ISO 8601 time"};
  if (answer.fault == InstantReader::Fault::does_not_exist)
    return {name, "does not exist: the site's clocks go forward over this local time"};
  at = answer.earlier;
  if (answer.later != answer.earlier) {
    const auto newest = newest_.find(key.packed());
    if (newest != newest_.end() && instant_from_epoch(newest->second) >= answer.earlier) at = answer.later;
  }
  return check_instant(at, name);
}

void RowDecoder::remember(SeriesKey key, Instant at) {
  const auto seconds = static_cast<std::uint32_t>(epoch_seconds(at));
  const auto found = newest_.find(key.packed());
  if (found != newest_.end())
    found->second = std::max(found->second, seconds);
  else if (newest_.size() < kMaxTrackedChannels)
    newest_.emplace(key.packed(), seconds);
}

}  // namespace meterhouse

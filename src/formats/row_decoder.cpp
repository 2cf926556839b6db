#include "formats/row_decoder.h"

#include <algorithm>

namespace meterhouse {
namespace {

using Kind = FieldText::Kind;

constexpr FieldFault kNoFault{};

}  // namespace

FieldFault decode_meter(const FieldText& field, std::uint32_t& meter) {
  if (!field.given()) return {"meter_id", "is missing"};
  if (field.kind == Kind::number) return {"meter_id", "must be a string of 9 digits, not a number"};
  if (field.kind != Kind::string || field.text.size() != 9) return {"meter_id", "must be a string of 9 digits"};
  std::uint32_t number = 0;
  for (const char c : field.text) {
    const auto digit = static_cast<std::uint32_t>(static_cast<unsigned char>(c)) - '0';
    if (digit > 9) return {"meter_id", "must be a string of 9 digits"};
    number = number * 10 + digit;
  }
  meter = number;
  return kNoFault;
}

FieldFault decode_register(const FieldText& field, std::string_view name, MilliWattHours& value) {
  if (!field.given()) return {name, "is missing"};
  if (field.kind == Kind::other) return {name, "must be a number or decimal text"};
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

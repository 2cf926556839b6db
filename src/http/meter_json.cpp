#include "http/meter_json.h"

#include <boost/json.hpp>

#include "http/json_body.h"
#include "http/json_repeats.h"

namespace meterhouse {

namespace {

namespace json = boost::json;

std::string_view view(json::string_view text) { return {text.data(), text.size()}; }

tl::unexpected<MeterField> fault(std::string_view field, std::string_view reason) {
  return tl::make_unexpected(MeterField{std::string{field}, std::string{reason}});
}

using OrFault = tl::expected<void, MeterField>;

OrFault read_text(const json::value& value, std::string_view field, std::string& out) {
  if (!value.is_string()) return fault(field, "a text is wanted here");
  out = view(value.get_string());
  return {};
}

OrFault read_digits(const json::value& value, std::optional<int>& out) {
  out.reset();
  if (value.is_null()) return {};
  if (!value.is_int64() || value.get_int64() < 4 || value.get_int64() > 9)
    return fault("register_digits", "a whole number from 4 to 9 is wanted here");
  out = static_cast<int>(value.get_int64());
  return {};
}

OrFault read_serial(const json::value& value, std::string& out) {
  out.clear();
  return value.is_null() ? OrFault{} : read_text(value, "serial", out);
}

struct MeterText {
  std::string meter_id, region, area, dwelling_type, serial;
  std::optional<int> register_digits;
};

OrFault read_field(std::string_view name, const json::value& value, MeterText& text) {
  if (name == "meter_id") return read_text(value, name, text.meter_id);
  if (name == "region") return read_text(value, name, text.region);
  if (name == "area") return read_text(value, name, text.area);
  if (name == "dwelling_type") return read_text(value, name, text.dwelling_type);
  if (name == "serial") return read_serial(value, text.serial);
  if (name == "register_digits") return read_digits(value, text.register_digits);
  return fault(name, "there is no such field");
}

using Repeated = std::optional<std::string>;  // the first name that came twice

MeterField given_twice(const Repeated& name) { return {*name, "is given twice"}; }

tl::expected<NewMeter, MeterField> read_meter(const json::value& value, MeterText& text) {
  for (const auto& member : value.get_object())
    if (auto read = read_field(view(member.key()), member.value(), text); !read)
      return tl::make_unexpected(read.error());
  for (const std::string_view wanted : {"meter_id", "region", "area", "dwelling_type"})
    if (!value.get_object().contains({wanted.data(), wanted.size()})) return fault(wanted, "missing");
  const auto id = MeterId::parse(text.meter_id);
  if (!id) return fault("meter_id", id.error().message);
  return NewMeter{*id, text.region, text.area, text.dwelling_type, text.serial, text.register_digits};
}

// repeated  of the objects, one each; advanced past what belongs to this value
ParsedMeter parsed_meter(const json::value& value, std::vector<Repeated>::const_iterator& repeated) {
  if (!value.is_object()) return {"", fault("", "an object is wanted here")};
  const Repeated& twice = *repeated++;
  MeterText text;
  auto meter = read_meter(value, text);
  if (twice) meter = tl::make_unexpected(given_twice(twice));
  return {std::move(text.meter_id), std::move(meter)};
}

OrFault read_patch_field(std::string_view name, const json::value& value, MeterPatch& patch) {
  if (name == "region") return read_text(value, name, patch.region.emplace());
  if (name == "area") return read_text(value, name, patch.area.emplace());
  if (name == "dwelling_type") return read_text(value, name, patch.dwelling_type.emplace());
  if (name == "serial") return read_serial(value, patch.serial.emplace());
  if (name == "register_digits") return read_digits(value, patch.register_digits.emplace());
  return fault(name, "there is no such field that can be changed");
}

}  // namespace

Result<ParsedMeters> parse_new_meters(std::string_view body, std::size_t most) {
  const auto value = parse_json_body(body);
  if (!value) return value.error();
  const std::vector<Repeated> repeated = repeated_names(body);
  auto next_repeated = repeated.begin();
  ParsedMeters parsed;
  if (!value->is_array()) {
    parsed.meters.push_back(parsed_meter(*value, next_repeated));
    return parsed;
  }
  const json::array& list = value->get_array();
  if (list.empty()) return Error{Errc::invalid_argument, "the list of meters is empty"};
  if (list.size() > most)
    return Error{Errc::out_of_range, fmt::format("at most {} meters at once, not {}", most, list.size())};
  parsed.many = true;
  parsed.meters.reserve(list.size());
  for (const json::value& meter : list) parsed.meters.push_back(parsed_meter(meter, next_repeated));
  return parsed;
}

Result<MeterPatch> parse_meter_patch(std::string_view body) {
  const auto value = parse_json_body(body);
  if (!value) return value.error();
  if (!value->is_object()) return Error{Errc::invalid_argument, "the body is not a JSON object"};
  const auto error_of = [](const MeterField& fault) {
    return Error{Errc::invalid_argument, fmt::format("{}: {}", fault.field, fault.reason)};
  };
  if (const Repeated twice = repeated_names(body).front()) return error_of(given_twice(twice));
  MeterPatch patch;
  for (const auto& member : value->get_object())
    if (const auto read = read_patch_field(view(member.key()), member.value(), patch); !read)
      return error_of(read.error());
  return patch;
}

void append_meter(JsonWriter& json, const Meter& meter, const SiteCalendar& calendar) {
  json.object().key("meter_id").text(meter.id.text()).key("region").text(meter.region).key("area").text(meter.area);
  json.key("dwelling_type").text(meter.dwelling_type);
  json.key("registered_at").text(calendar.format(meter.registered_at));
  json.key("serial");
  meter.serial.empty() ? json.null() : json.text(meter.serial);
  json.key("register_digits");
  meter.register_digits ? json.number(std::int64_t{*meter.register_digits}) : json.null();
  json.end();
}

}  // namespace meterhouse

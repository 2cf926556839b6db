#include "formats/legacy_bodies.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "formats/json_row.h"

namespace meterhouse {
namespace {

namespace ondemand = simdjson::ondemand;
using Kind = FieldText::Kind;

Error refuse(std::string message) { return {Errc::invalid_argument, std::move(message)}; }

bool missing(const FieldText& field) { return !field.given() || (field.kind == Kind::string && field.text.empty()); }

// A single body as a document. simdjson wants readable bytes behind it, so it is copied to where there are some; the
// parser and the copy are kept by each thread, because making them costs more than reading so small a body.
class BodyParser {
 public:
  // nullopt: no JSON object
  std::optional<ondemand::object> object_of(std::string_view body) {
    body_.reserve(body.size() + simdjson::SIMDJSON_PADDING);
    body_.assign(body);
    ondemand::object object;
    if (parser_.iterate(std::string_view{body_}, body_.capacity()).get(document_)) return std::nullopt;
    if (document_.get_object().get(object)) return std::nullopt;
    return object;
  }

  bool at_end() { return meterhouse::at_end(document_); }

 private:
  std::string body_;
  ondemand::parser parser_;
  ondemand::document document_;
};

BodyParser& body_parser() {
  thread_local BodyParser parser;
  return parser;
}

struct Registration {
  std::array<FieldText, 4> fields;
  bool empty = true;
};
constexpr std::array<std::string_view, 4> kRegistrationFields = {"meter_id", "region", "area", "dwelling_type"};

// nullopt: no JSON.
std::optional<Registration> registration_fields(BodyParser& parser, std::string_view body) {
  auto object = parser.object_of(body);
  if (!object) return std::nullopt;
  JsonRowWalker walker{RowNames::legacy, UnknownFields::ignore};
  Registration registration;
  for (auto item : *object) {
    ondemand::field field;
    std::string_view name;
    if (std::move(item).get(field) || field.unescaped_key().get(name)) return std::nullopt;
    registration.empty = false;
    const auto known = std::ranges::find(kRegistrationFields, name);
    if (known == kRegistrationFields.end()) {
      if (!walker.walk_value(field.value(), 1)) return std::nullopt;
      continue;
    }
    const auto text = walker.text_of(field.value());
    if (!text || walker.value_is_faulty()) return std::nullopt;
    registration.fields[static_cast<std::size_t>(known - kRegistrationFields.begin())] = *text;
  }
  if (!parser.at_end()) return std::nullopt;
  return registration;
}

std::string python_list(const std::vector<std::string_view>& names) {
  return fmt::format("['{}']", fmt::join(names, "', '"));
}

}  // namespace

Result<LegacyReading> parse_legacy_reading(std::string_view body, const SiteCalendar& calendar,
                                           Instant latest_allowed) {
  BodyParser& parser = body_parser();
  JsonRowWalker walker{RowNames::legacy, UnknownFields::ignore};
  const auto object = parser.object_of(body);
  if (!object || walker.walk(*object) != JsonRowWalker::Outcome::row || !parser.at_end())
    return refuse("Invalid JSON body");
  const RowFields& fields = walker.fields();
  if (missing(fields.meter_id) || missing(fields.at) || missing(fields.register_value))
    return refuse("Missing required fields");
  std::uint32_t meter = 0;
  if (!decode_meter(fields.meter_id, meter).reason.empty()) return refuse("Invalid MeterID format");

  InstantReader instants{calendar};
  const auto time = instants.read(fields.at.kind == Kind::string ? fields.at.text : std::string_view{});
  if (time.fault != InstantReader::Fault::none || time.earlier < kFirstInstant)
    return refuse("Invalid timestamp format");
  const bool in_future = time.earlier > std::min(latest_allowed, kLastInstant);
  LegacyReading reading{MeterId::from_number(meter), time.earlier, std::nullopt, in_future};
  MilliWattHours value;
  if (decode_register(fields.register_value, "reading", value).reason.empty()) reading.register_value = value;
  return reading;
}

Result<Reading> accept_legacy_reading(const LegacyReading& reading) {
  if (!reading.register_value) return refuse("Invalid reading value");
  if (reading.in_future) return refuse("Timestamp in the future");
  return Reading{SeriesKey{reading.meter, Channel::import_}, reading.at, *reading.register_value};
}

Result<ParsedRows> parse_legacy_bulk(std::string_view body, const SiteCalendar& calendar, Instant latest_allowed,
                                     std::size_t max_records) {
  const auto reader =
      make_row_reader(ReadingFormat::json, {calendar, latest_allowed, UnknownFields::ignore, RowNames::legacy});
  const Error too_many = refuse("Exceed max bulk records limit");
  ParsedRows all;
  const auto collect = [&](ParsedRows& batch) -> Status {
    if (all.size() + batch.size() > max_records) return too_many;
    all.readings.insert(all.readings.end(), batch.readings.begin(), batch.readings.end());
    all.rows.insert(all.rows.end(), batch.rows.begin(), batch.rows.end());
    for (RowReject& reject : batch.rejects)
      if (all.rejects.size() < ParsedRows::kMaxRejects) all.rejects.push_back(std::move(reject));
    all.rejected += batch.rejected;
    return {};
  };
  constexpr std::size_t kBatch = 10'000;
  const auto read = read_rows(*reader, body, kBatch, collect);
  if (!read) return read.error().message == too_many.message ? too_many : refuse("Input must be a JSON list");
  return all;
}

Result<LegacyRegistration> parse_legacy_registration(std::string_view body) {
  const std::string_view text = trimmed(body);
  if (text.empty() || text == "null" || text == "[]") return refuse("Empty request body");
  const auto registration = registration_fields(body_parser(), text);
  if (!registration) return refuse("Invalid JSON body");
  if (registration->empty) return refuse("Empty request body");

  const auto& fields = registration->fields;
  std::vector<std::string_view> absent;
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (missing(fields[i])) absent.push_back(kRegistrationFields[i]);
  if (!absent.empty()) return refuse(fmt::format("Missing fields: {}", python_list(absent)));

  std::uint32_t meter = 0;
  if (!decode_meter(fields[0], meter).reason.empty()) return refuse("MeterID must be 9 digits");
  return LegacyRegistration{MeterId::from_number(meter), std::string{fields[1].text}, std::string{fields[2].text},
                            std::string{fields[3].text}};
}

Status check_legacy_registration(const LegacyRegistration& registration, const Site& site) {
  if (!site.has_area(registration.region, registration.area)) return refuse("Invalid region-area combination");
  if (!site.has_dwelling_type(registration.dwelling_type)) return refuse("Invalid dwelling type");
  return {};
}

}  // namespace meterhouse

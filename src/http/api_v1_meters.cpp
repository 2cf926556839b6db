#include <algorithm>

#include "base/ascii.h"
#include "http/api.h"
#include "http/meter_json.h"
#include "http/problem.h"
#include "http/request_query.h"
#include "service/events/event_types.h"

namespace meterhouse {

namespace {

constexpr std::size_t kMetersPerPage = 100;
constexpr std::string_view kOnlyJson =
    "the Content-Type must be application/json; with curl, whose own is a form's: -H 'Content-Type: application/json'";

std::optional<std::string> text_of(const Request& request, std::string_view name) {
  const auto text = request.query_parameter(name);
  return text ? std::optional{std::string{*text}} : std::nullopt;
}

Result<MeterFilter> filter_of(const Request& request) {
  MeterFilter filter;
  filter.region = text_of(request, "region");
  filter.area = text_of(request, "area");
  filter.dwelling_type = text_of(request, "dwelling_type");
  filter.id_prefix = text_of(request, "q");
  if (filter.id_prefix &&
      (filter.id_prefix->empty() || filter.id_prefix->size() > 9 || !std::ranges::all_of(*filter.id_prefix, is_digit)))
    return Error{Errc::invalid_argument, "q: the first digits of a meter id"};
  return filter;
}

Result<std::optional<MeterId>> cursor_of(const Request& request) {
  const auto text = request.query_parameter("cursor");
  if (!text) return std::optional<MeterId>{};
  const auto meter = MeterId::parse(*text);
  if (!meter) return Error{Errc::invalid_argument, "cursor: not the `next` of a page"};
  return std::optional<MeterId>{*meter};
}

Response meter_response(int status, const Meter& meter, const SiteCalendar& calendar) {
  JsonWriter json;
  append_meter(json, meter, calendar);
  return json_response(status, json.take());
}

void append_result(JsonWriter& json, const ParsedMeter& parsed, std::optional<RegisterOutcome> outcome) {
  const bool rejected = !outcome || (*outcome != RegisterOutcome::registered && *outcome != RegisterOutcome::exists);
  json.object().key("meter_id");
  parsed.meter_id.empty() ? json.null() : json.text(parsed.meter_id);
  json.key("status").text(rejected ? "rejected" : *outcome == RegisterOutcome::exists ? "exists" : "registered");
  if (rejected) {
    json.key("field").text(outcome ? field_of(*outcome) : std::string_view{parsed.meter.error().field});
    json.key("reason").text(outcome ? to_string(*outcome) : std::string_view{parsed.meter.error().reason});
  }
  json.end();
}

Response register_many(Registry& registry, EventLog& events, const std::vector<ParsedMeter>& parsed) {
  std::vector<NewMeter> good;
  for (const ParsedMeter& meter : parsed)
    if (meter.meter) good.push_back(*meter.meter);
  const auto registrations = registry.register_meters(good);
  if (!registrations) return problem(registrations.error());

  const auto registered = std::ranges::count(registrations->outcomes, RegisterOutcome::registered);
  const auto existing = std::ranges::count(registrations->outcomes, RegisterOutcome::exists);
  const auto rejected = static_cast<std::int64_t>(parsed.size()) - registered - existing;
  events.record(registered > 0 || rejected == 0 ? event_type::kRegistration : event_type::kRegistrationError,
                fmt::format("{} meters at once: {} registered, {} already there, {} rejected", parsed.size(),
                            registered, existing, rejected),
                fmt::format(R"({{"registered":{},"existed":{},"rejected":{}}})", registered, existing, rejected));
  JsonWriter json;
  json.object().key("registered").number(std::int64_t{registered});
  json.key("rejected").number(rejected);
  json.key("results").array();
  auto outcome = registrations->outcomes.begin();
  for (const ParsedMeter& meter : parsed)
    append_result(json, meter, meter.meter ? std::optional{*outcome++} : std::nullopt);
  return json_response(200, json.end().end().take());
}

}  // namespace

Response Api::get_meters(const Request& request, std::string_view) {
  if (const auto known = check_parameters(request, {"region", "area", "dwelling_type", "q", "cursor", "limit"}); !known)
    return problem(known.error());
  const auto filter = filter_of(request);
  if (!filter) return problem(filter.error());
  const auto cursor = cursor_of(request);
  if (!cursor) return problem(cursor.error());
  const auto limit = limit_of(request, kMetersPerPage, Catalog::kMaxPage);
  if (!limit) return problem(limit.error());

  const auto page = parts_.registry.meters(*filter, *cursor, *limit);
  if (!page) return problem(page.error());
  JsonWriter json;
  json.object().key("meters").array();
  for (const Meter& meter : page->meters) append_meter(json, meter, parts_.calendar);
  json.end().key("next");
  page->next ? json.text(page->next->text()) : json.null();
  return json_response(200, json.end().take());
}

Response Api::post_meters(const Request& request, std::string_view body) {
  if (const auto known = check_parameters(request, {}); !known) return problem(known.error());
  if (!takes_json(request)) return problem(415, kOnlyJson);
  return idempotency_.once(request.header("Idempotency-Key"), body, parts_.clock.now(), [&] {
    const auto parsed = parse_new_meters(body, kMaxMetersPerRequest);
    if (!parsed) return problem(parsed.error());
    if (parsed->many) return register_many(parts_.registry, parts_.events, parsed->meters);
    const auto& meter = parsed->meters.front().meter;
    if (meter) return register_one(*meter);
    const auto& [field, reason] = meter.error();
    return problem(400, field.empty() ? reason : fmt::format("{}: {}", field, reason));
  });
}

Response Api::register_one(const NewMeter& meter) {
  const auto registrations = parts_.registry.register_meters({&meter, 1});
  if (!registrations) return problem(registrations.error());
  const RegisterOutcome outcome = registrations->outcomes.front();
  if (outcome == RegisterOutcome::registered)
    parts_.events.record(event_type::kRegistration, "the meter was registered", "{}", meter.id);
  else
    parts_.events.record(event_type::kRegistrationError, to_string(outcome), "{}", meter.id);
  if (outcome == RegisterOutcome::exists)
    return problem(409, fmt::format("meter {} is already registered", meter.id.text()));
  if (outcome != RegisterOutcome::registered)
    return problem(400, fmt::format("{}: {}", field_of(outcome), to_string(outcome)));
  const auto registered = parts_.registry.meter(meter.id);
  if (!registered) return problem(registered.error());
  Response response = meter_response(201, *registered, parts_.calendar);
  response.headers.emplace_back("Location", "/api/v1/meters/" + meter.id.text());
  return response;
}

Response Api::get_meter(const Request& request, std::string_view) {
  if (const auto known = check_parameters(request, {}); !known) return problem(known.error());
  const auto id = meter_of(request);
  if (!id) return problem(id.error());
  if (!parts_.directory.contains(*id)) return problem(not_registered(*id));
  const auto meter = parts_.registry.meter(*id);
  return meter ? meter_response(200, *meter, parts_.calendar) : problem(meter.error());
}

Response Api::patch_meter(const Request& request, std::string_view body) {
  if (const auto known = check_parameters(request, {}); !known) return problem(known.error());
  if (!takes_json(request)) return problem(415, kOnlyJson);
  const auto id = meter_of(request);
  if (!id) return problem(id.error());
  if (!parts_.directory.contains(*id)) return problem(not_registered(*id));
  const auto patch = parse_meter_patch(body);
  if (!patch) return problem(patch.error());
  const auto meter = parts_.registry.patch(*id, *patch);
  return meter ? meter_response(200, *meter, parts_.calendar) : problem(meter.error());
}

}  // namespace meterhouse

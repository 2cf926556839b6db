#include "http/api.h"
#include "http/json_writer.h"
#include "http/problem.h"
#include "http/request_query.h"

namespace meterhouse {

namespace {

Result<TimeRange> range_of(const Request& request, const SiteCalendar& calendar) {
  const auto from = instant_of(request, "from", calendar);
  if (!from) return from.error();
  const auto to = instant_of(request, "to", calendar);
  if (!to) return to.error();
  if (!*from || !*to) return Error{Errc::invalid_argument, fmt::format("{}: missing", *from ? "to" : "from")};
  if (**to <= **from) return Error{Errc::invalid_argument, "to: not after `from`"};
  return TimeRange{**from, **to};
}

Result<Step> step_of(const Request& request) {
  const auto step = parse_step(request.query_parameter("step").value_or("day"));
  if (!step) return step.error().during("step");
  return *step;
}

Result<std::optional<SiteCalendar>> calendar_of(const Request& request) {
  const auto zone = request.query_parameter("tz");
  if (!zone) return std::optional<SiteCalendar>{};
  auto calendar = SiteCalendar::of(*zone);
  if (!calendar)
    return Error{Errc::invalid_argument, fmt::format("tz: '{:.60}' is not the name of a time zone", *zone)};
  return std::optional<SiteCalendar>{std::move(*calendar)};
}

void append_bound(JsonWriter& json, std::optional<Instant> instant, const SiteCalendar& calendar) {
  instant ? json.text(calendar.format(*instant)) : json.null();
}

void append_energy(JsonWriter& json, std::optional<MilliWattHours> energy) { energy ? json.kwh(*energy) : json.null(); }

void append_completeness(JsonWriter& json, const Completeness& completeness, const SiteCalendar& calendar) {
  json.object().key("expected").number(completeness.expected).key("found").number(completeness.found);
  json.key("estimated").number(completeness.estimated).key("estimated_kwh").kwh(completeness.estimated_energy);
  json.key("covered_from");
  append_bound(json, completeness.covered_from, calendar);
  json.key("covered_to");
  append_bound(json, completeness.covered_to, calendar);
  json.end();
}

void append_value(JsonWriter& json, const Consumption& value, const SiteCalendar& calendar) {
  json.object().key("from").text(calendar.format(value.range.from)).key("to").text(calendar.format(value.range.to));
  json.key("consumption");
  append_energy(json, value.energy);
  json.key("quality").text(to_string(value.quality));
  json.key("expected").number(value.completeness.expected).key("found").number(value.completeness.found).end();
}

std::string to_json(const UsageQueries::Question& question, const ConsumptionAnswer& answer,
                    const SiteCalendar& calendar) {
  JsonWriter json;
  json.object().key("meter_id").text(question.meter.text()).key("channel").text(to_string(question.channel));
  json.key("from").text(calendar.format(question.range.from)).key("to").text(calendar.format(question.range.to));
  json.key("step").text(to_string(question.step)).key("timezone").text(calendar.zone_name()).key("unit").text("kWh");
  json.key("total");
  append_energy(json, answer.total.energy);
  json.key("quality").text(to_string(answer.total.quality)).key("completeness");
  append_completeness(json, answer.total.completeness, calendar);
  json.key("values").array();
  for (const Consumption& value : answer.values) append_value(json, value, calendar);
  return json.end().end().take();
}

}  // namespace

Response Api::get_consumption(const Request& request, std::string_view) {
  if (const auto known = check_parameters(request, {"from", "to", "step", "channel", "tz"}); !known)
    return problem(known.error());
  const auto meter = meter_of(request);
  if (!meter) return problem(meter.error());
  if (!parts_.directory.contains(*meter)) return problem(not_registered(*meter));
  const auto zone = calendar_of(request);
  if (!zone) return problem(zone.error());
  const SiteCalendar& calendar = *zone ? **zone : parts_.calendar;
  const auto range = range_of(request, calendar);
  if (!range) return problem(range.error());
  const auto step = step_of(request);
  if (!step) return problem(step.error());
  const auto channel = channel_of(request);
  if (!channel) return problem(channel.error());

  const UsageQueries::Question question{
      .meter = *meter, .channel = *channel, .range = *range, .step = *step, .calendar = &calendar};
  const auto answer = parts_.usage.consumption(question);
  return answer ? json_response(200, to_json(question, *answer, calendar)) : problem(answer.error());
}

}  // namespace meterhouse

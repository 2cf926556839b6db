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

void append_energy(JsonWriter& json, std::optional<MilliWattHours> energy) { energy ? json.kwh(*energy) : json.null(); }

// A range with its ends as text: what a value covers nearly always begins and ends where it does, so that its two
// instants are written out once.
class RangeText {
 public:
  RangeText(TimeRange range, const SiteCalendar& calendar)
      : range_(range), calendar_(calendar), from_(calendar.format(range.from)), to_(calendar.format(range.to)) {}

  void append_range(JsonWriter& json) const { json.key("from").text(from_).key("to").text(to_); }

  void append_covered(JsonWriter& json, const Completeness& completeness) const {
    append_instant(json.key("covered_from"), completeness.covered_from);
    append_instant(json.key("covered_to"), completeness.covered_to);
  }

 private:
  void append_instant(JsonWriter& json, std::optional<Instant> instant) const {
    if (!instant)
      json.null();
    else if (*instant == range_.from)
      json.text(from_);
    else if (*instant == range_.to)
      json.text(to_);
    else
      json.text(calendar_.format(*instant));
  }

  TimeRange range_;
  const SiteCalendar& calendar_;
  std::string from_;
  std::string to_;
};

void append_counts(JsonWriter& json, const Completeness& completeness) {
  json.key("expected").number(completeness.expected).key("found").number(completeness.found);
  json.key("estimated").number(completeness.estimated);
}

void append_value(JsonWriter& json, const Consumption& value, const SiteCalendar& calendar) {
  const RangeText text{value.range, calendar};
  text.append_range(json.object());
  append_energy(json.key("consumption"), value.energy);
  json.key("quality").text(to_string(value.quality));
  append_counts(json, value.completeness);
  text.append_covered(json, value.completeness);
  json.end();
}

std::string to_json(const UsageQueries::Question& question, const ConsumptionAnswer& answer,
                    const SiteCalendar& calendar) {
  JsonWriter json;
  json.object().key("meter_id").text(question.meter.text()).key("channel").text(to_string(question.channel));
  const RangeText text{question.range, calendar};
  text.append_range(json);
  json.key("step").text(to_string(question.step)).key("timezone").text(calendar.zone_name()).key("unit").text("kWh");
  append_energy(json.key("total"), answer.total.energy);
  json.key("quality").text(to_string(answer.total.quality)).key("completeness").object();
  append_counts(json, answer.total.completeness);
  json.key("estimated_kwh").kwh(answer.total.completeness.estimated_energy);
  text.append_covered(json, answer.total.completeness);
  json.end().key("values").array();
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

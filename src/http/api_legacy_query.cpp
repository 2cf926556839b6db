// GET /api/user/query of the first system: consumption of a period up to now.
#include "http/api.h"
#include "http/json_writer.h"
#include "http/problem.h"

namespace meterhouse {

namespace {

// "YYYY-MM-DD HH:MM", the site's clock.
std::string minute_text(Instant instant, const SiteCalendar& calendar) {
  const date::local_seconds local = calendar.local(instant);
  const auto day = date::floor<date::days>(local);
  const date::hh_mm_ss time{local - day};
  return fmt::format("{} {:02}:{:02}", format_date(day), time.hours().count(), time.minutes().count());
}

std::string month_text(Instant instant, const SiteCalendar& calendar) {
  const date::year_month_day day{calendar.day_of(instant)};
  return format_year_month(day.year() / day.month());
}

// With a decimal point also where the kWh are whole: the first system answers floats, and typed clients tell 0 from
// 0.0.
std::string float_text(MilliWattHours energy) {
  std::string text;
  append_kwh(text, energy);
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

void append_day_detail(JsonWriter& json, const LegacyAnswer& answer, const SiteCalendar& calendar) {
  json.object().key("aggregation").object().key("consumption").raw(float_text(answer.total));
  json.key("start_time").text(minute_text(answer.covered.from, calendar));
  json.key("end_time").text(minute_text(answer.covered.to, calendar)).end();
  json.key("detail").array();
  for (const auto& [at, energy] : answer.entries)
    json.object().key("time").text(minute_text(at, calendar)).key("consumption").raw(float_text(energy)).end();
  json.end().end();
}

void append_entries(JsonWriter& json, const LegacyAnswer& answer, LegacyPeriod period, const SiteCalendar& calendar) {
  json.array();
  for (const auto& [at, energy] : answer.entries) {
    json.object();
    switch (period) {
      case LegacyPeriod::latest_interval:
        json.key("time").text(calendar.format(at));
        break;
      case LegacyPeriod::one_year:
        json.key("month").text(month_text(at, calendar)).key("consumption").raw(float_text(energy));
        break;
      default:
        json.key("date").text(format_date(calendar.day_of(at))).key("consumption").raw(float_text(energy));
        break;
    }
    json.end();
  }
  json.end();
}

std::string to_json(MeterId meter, LegacyPeriod period, const LegacyAnswer& answer, const SiteCalendar& calendar) {
  JsonWriter json;
  json.object().key("status").text("success").key("meter_id").text(meter.text());
  json.key(period == LegacyPeriod::latest_interval ? "latest_increment" : "total_usage")
      .raw(float_text(answer.total))
      .key("data");
  if (period == LegacyPeriod::one_day) {
    append_day_detail(json, answer, calendar);
  } else {
    append_entries(json, answer, period, calendar);
  }
  return json.end().take();
}

}  // namespace

Response Api::legacy_query(const Request& request, std::string_view) {
  const std::string_view text = request.query_parameter("meter_id").value_or("");
  if (text.empty()) return legacy_error(400, "Missing meter_id");
  const auto meter = MeterId::parse(text);
  if (!meter) return legacy_error(400, "Invalid MeterID format");
  if (!parts_.directory.contains(*meter)) return legacy_error(400, "MeterID not registered");
  const auto period = parse_legacy_period(request.query_parameter("period").value_or(""));
  if (!period) return legacy_error(400, "Invalid period");

  const auto answer = parts_.usage.legacy_query(*meter, *period);
  if (!answer) return legacy_error(answer.error());
  if (!*answer) return json_response(200, R"({"status":"success","data":[]})");
  return json_response(200, to_json(*meter, *period, **answer, parts_.calendar));
}

}  // namespace meterhouse

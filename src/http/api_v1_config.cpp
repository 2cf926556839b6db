#include "formats/reading_rows.h"
#include "http/api.h"
#include "http/json_writer.h"
#include "http/problem.h"
#include "http/request_query.h"
#include "store/catalog.h"

namespace meterhouse {

namespace {

constexpr std::string_view kPeriods[] = {"30m", "1d", "1w", "1m", "1y"};

void append_newest(JsonWriter& json, const StoreStats& stats, const SiteCalendar& calendar) {
  stats.newest ? json.text(calendar.format(*stats.newest)) : json.null();
}

}  // namespace

Response Api::get_config(const Request& request, std::string_view) {
  if (const auto known = check_parameters(request, {}); !known) return problem(known.error());
  const Site& site = parts_.site;
  JsonWriter json;
  json.object().key("timezone").text(site.timezone);
  json.key("regions").array();
  for (const Site::Region& region : site.regions) {
    json.object().key("name").text(region.name).key("areas").array();
    for (const std::string& area : region.areas) json.text(area);
    json.end().end();
  }
  json.end().key("dwelling_types").array();
  for (const std::string& type : site.dwelling_types) json.text(type);
  json.end().key("periods").array();
  for (const std::string_view period : kPeriods) json.text(period);
  json.end().key("meters").number(std::uint64_t{parts_.registry.meter_count()});
  append_newest(json.key("newest_reading"), parts_.store.stats(), parts_.calendar);
  json.key("limits").object();
  json.key("body_bytes").number(kMaxBodyBytes);
  json.key("bulk_records").number(std::uint64_t{parts_.bulk_records_max});
  json.key("meters_per_request").number(std::uint64_t{kMaxMetersPerRequest});
  json.key("meters_per_page").number(std::uint64_t{Catalog::kMaxPage});
  json.key("readings_per_page").number(std::uint64_t{kMaxReadingsPerPage});
  json.key("consumption_values").number(std::uint64_t{kMaxAnswerValues});
  json.key("clock_lead_seconds").number(std::int64_t{kMaxClockLead.count()});
  json.end().end();
  return json_response(200, json.take());
}

}  // namespace meterhouse

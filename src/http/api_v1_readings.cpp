#include <charconv>

#include "http/api.h"
#include "http/json_writer.h"
#include "http/problem.h"
#include "http/reading_page.h"
#include "http/readings_upload.h"
#include "http/request_query.h"

namespace meterhouse {

namespace {

constexpr std::size_t kReadingsPerPage = 1'000;
constexpr std::uint64_t kAnyLength = std::uint64_t{1} << 62;

std::optional<ReadingFormat> format_of(const Request& request) {
  const std::string_view type = request.header("Content-Type");
  return type.empty() ? ReadingFormat::json : reading_format_of(type);
}

struct ReadingsQuery {
  SeriesKey key;
  ReadRange range;  // both ends included
  std::size_t limit;
};

// The cursor is the instant of the next page's first reading, in seconds.
Result<std::optional<Instant>> cursor_of(const Request& request) {
  const auto text = request.query_parameter("cursor");
  if (!text) return std::optional<Instant>{};
  std::uint32_t seconds = 0;
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (text->empty() || parsed.ec != std::errc{} || parsed.ptr != text->data() + text->size())
    return Error{Errc::invalid_argument, "cursor: not the `next` of a page"};
  return std::optional{instant_from_epoch(seconds)};
}

Result<ReadingsQuery> readings_query(const Request& request, const SiteCalendar& calendar) {
  if (const auto known = check_parameters(request, {"from", "to", "channel", "cursor", "limit"}); !known)
    return known.error();
  const auto meter = meter_of(request);
  if (!meter) return meter.error();
  const auto channel = channel_of(request);
  if (!channel) return channel.error();
  const auto from = instant_of(request, "from", calendar);
  if (!from) return from.error();
  const auto to = instant_of(request, "to", calendar);
  if (!to) return to.error();
  const auto cursor = cursor_of(request);
  if (!cursor) return cursor.error();
  const auto limit = limit_of(request, kReadingsPerPage, kMaxReadingsPerPage);
  if (!limit) return limit.error();

  ReadRange range{from->value_or(kFirstInstant), kLastInstant};
  if (*to) range.to = **to - Seconds{1};  // `to` is excluded
  if (*cursor && **cursor > range.from) range.from = **cursor;
  return ReadingsQuery{{*meter, *channel}, range, *limit};
}

void append_reading(JsonWriter& json, const Series& series, std::size_t index, const SiteCalendar& calendar) {
  const ReadingFlags flags = series.flags_at(index);
  json.key("at").text(calendar.format(series.at[index])).key("register").kwh(series.registers[index]);
  json.key("status").text(to_string(flags.status)).key("arrival").text(to_string(flags.arrival));
}

}  // namespace

Task<Response> Api::post_readings(Request& request, BodyReader& body) {
  if (const auto known = check_parameters(request, {}); !known) co_return problem(known.error());
  const auto format = format_of(request);
  if (!format)
    co_return problem(
        415, fmt::format("the Content-Type must be application/json, application/x-ndjson, text/csv or {}; with curl, "
                         "whose own is a form's: -H 'Content-Type: application/json'",
                         kPackedMediaType));
  const auto start = std::chrono::steady_clock::now();
  body.set_limit(kAnyLength);
  ReadingsUpload upload{*format, parts_.calendar, parts_.clock, ingest_};
  const auto ended = co_await upload.take(body);
  count(upload.report().counts, upload.report().rejected);
  ingest_metrics_.duration.observe(std::chrono::steady_clock::now() - start);
  if (ended) co_return report_problem(ended->status, ended->detail, upload.report());
  co_return report_response(upload.report());
}

Response Api::get_readings(const Request& request, std::string_view) {
  const auto query = readings_query(request, parts_.calendar);
  if (!query) return problem(query.error());
  if (!parts_.directory.contains(query->key.meter())) return problem(not_registered(query->key.meter()));
  const auto page = read_page(parts_.store, query->key, query->range, query->limit, parts_.calendar);
  if (!page) return problem(page.error());

  JsonWriter json;
  json.object().key("meter_id").text(query->key.meter().text()).key("channel").text(to_string(query->key.channel()));
  json.key("unit").text("kWh").key("readings").array();
  for (std::size_t i = 0; i < page->readings.size(); ++i) {
    json.object();
    append_reading(json, page->readings, i, parts_.calendar);
    json.end();
  }
  json.end().key("next");
  page->next ? json.text(fmt::to_string(epoch_seconds(*page->next))) : json.null();
  return json_response(200, json.end().take());
}

Response Api::get_latest(const Request& request, std::string_view) {
  if (const auto known = check_parameters(request, {"channel"}); !known) return problem(known.error());
  const auto meter = meter_of(request);
  if (!meter) return problem(meter.error());
  const auto channel = channel_of(request);
  if (!channel) return problem(channel.error());
  if (!parts_.directory.contains(*meter)) return problem(not_registered(*meter));
  const auto latest = parts_.store.latest({*meter, *channel}, 1);
  if (!latest) return problem(latest.error());
  if (latest->empty())
    return problem(404, fmt::format("meter {} has no {} reading yet", meter->text(), to_string(*channel)));

  JsonWriter json;
  json.object().key("meter_id").text(meter->text()).key("channel").text(to_string(*channel)).key("unit").text("kWh");
  append_reading(json, *latest, 0, parts_.calendar);
  return json_response(200, json.end().take());
}

}  // namespace meterhouse

// Handlers for those who run the server: health, metrics, the OpenAPI document.
#include "http/api.h"
#include "http/api_routes.h"
#include "http/json_writer.h"
#include "http/problem.h"

namespace meterhouse {

namespace {

Response health(int status, std::string_view word, std::string_view detail) {
  JsonWriter json;
  json.object().key("status").text(word);
  if (!detail.empty()) json.key("detail").text(detail);
  Response response = json_response(status, json.end().take());
  if (status == 503) response.headers.emplace_back("Retry-After", "5");
  return response;
}

using Type = MetricsText::Type;

// A metric that has one value and no labels.
struct Figure {
  std::string_view name;
  Type type;
  std::string_view help;
  std::uint64_t value;
};

void append(MetricsText& text, std::initializer_list<Figure> figures) {
  for (const Figure& figure : figures) {
    text.family(figure.name, figure.type, figure.help);
    text.sample("", figure.value);
  }
}

void append(MetricsText& text, const StoreStats& stats) {
  append(text,
         {
             {"meter_store_head_readings", Type::gauge, "Readings in memory, not folded yet", stats.head_readings},
             {"meter_store_head_bytes", Type::gauge, "Memory of the head", stats.head_bytes},
             {"meter_store_journal_bytes", Type::gauge, "Bytes of the journal not folded yet", stats.journal_bytes},
             {"meter_store_journal_syncs_total", Type::counter, "Syncs of the journal", stats.journal_syncs},
             {"meter_store_segments", Type::gauge, "Live segments", stats.segments},
             {"meter_store_segment_bytes", Type::gauge, "Bytes of the live segments", stats.segment_bytes},
             {"meter_store_segment_readings", Type::gauge, "Readings in the live segments", stats.segment_readings},
             {"meter_store_folds_total", Type::counter, "Folds of the head", stats.folds},
             {"meter_store_merges_total", Type::counter, "Merges of segments", stats.merges},
         });
  if (!stats.newest) return;
  const auto newest = static_cast<std::uint64_t>(epoch_seconds(*stats.newest));
  append(text, {{"meter_newest_reading_timestamp_seconds", Type::gauge, "Instant of the newest reading", newest}});
}

void append(MetricsText& text, const ServerStats& stats) {
  append(text, {
                   {"meter_http_connections", Type::gauge, "Open connections", stats.connections_open},
                   {"meter_http_connections_total", Type::counter, "Connections accepted", stats.connections_total},
                   {"meter_http_connections_refused_total", Type::counter, "Connections over the cap",
                    stats.connections_refused},
                   {"meter_http_refused_total", Type::counter, "Requests refused before they had a handler",
                    stats.requests_refused},
                   {"meter_http_answers_refused_total", Type::counter,
                    "Answers refused because too many were waiting for their clients", stats.answers_refused},
                   {"meter_http_timeouts_total", Type::counter, "Deadlines that passed", stats.timeouts},
               });
}

}  // namespace

Response Api::get_openapi(const Request& request, std::string_view) {
  return StaticFiles::answer(request, openapi_file());
}

Response Api::get_health(const Request&, std::string_view) { return health(200, "ok", ""); }

// Asks the store for a reading that nobody has: it answers unless it is closed or has stopped after a failed sync.
Response Api::get_readiness(const Request&, std::string_view) {
  const auto answer = parts_.store.latest(SeriesKey{MeterId::from_number(0), Channel::import_}, 1);
  if (!answer) return health(503, "unavailable", answer.error().message);
  return health(200, "ready", "");
}

Response Api::get_metrics(const Request&, std::string_view) {
  MetricsText text;
  text.family("meter_readings_ingested_total", Type::counter, "Readings that came in, by what became of them");
  for (const auto& [result, count] : {std::pair<std::string_view, const Counter&>{"accepted", ingest_metrics_.accepted},
                                      {"duplicate", ingest_metrics_.duplicate},
                                      {"conflict", ingest_metrics_.conflict},
                                      {"pending", ingest_metrics_.pending},
                                      {"rejected", ingest_metrics_.rejected}})
    text.sample(fmt::format("source=\"http\",result=\"{}\"", result), count);
  text.family("meter_ingest_duration_seconds", Type::histogram, "Time from a body's first byte to its durable end");
  text.sample("", ingest_metrics_.duration);
  append(text, {{"meter_registered_meters", Type::gauge, "Registered meters", parts_.registry.meter_count()}});

  const auto each_route = [&](auto sample) {
    for (std::size_t i = 0; i < routes().size(); ++i)
      sample(route_metrics_[i],
             fmt::format("method=\"{}\",path=\"{}\"", to_string(routes()[i].method), routes()[i].path));
  };
  text.family("meter_http_requests_total", Type::counter, "Requests answered, by the class of their status");
  each_route([&](const RouteMetrics& metrics, const std::string& labels) {
    for (std::size_t digit = 2; digit < metrics.by_class.size(); ++digit)
      text.sample(fmt::format("{},status=\"{}xx\"", labels, digit), metrics.by_class[digit]);
  });
  text.family("meter_http_request_duration_seconds", Type::histogram, "Time to answer a request, its body included");
  each_route([&](const RouteMetrics& metrics, const std::string& labels) { text.sample(labels, metrics.duration); });

  append(text, parts_.store.stats());
  if (const Server* server = server_) append(text, server->stats());
  Response response;
  response.content_type = MetricsText::kContentType;
  response.body = text.take();
  return response;
}

}  // namespace meterhouse

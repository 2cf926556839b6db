// Handlers for those who run the server: health, metrics, the OpenAPI document.
#include "http/api.h"
#include "http/api_routes.h"
#include "http/json_writer.h"
#include "http/problem.h"
#include "service/jobs/daily_job.h"

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
             {"meter_store_held", Type::gauge, "1 while readings are kept as pending", stats.held ? 1U : 0U},
             {"meter_store_pending_readings", Type::gauge, "Readings kept as pending", stats.pending_readings},
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

void append(MetricsText& text, const EventLog::Stats& stats) {
  append(text, {
                   {"meter_events_written_total", Type::counter, "Events written to the catalog", stats.written},
                   {"meter_events_dropped_total", Type::counter, "Events that found no room", stats.dropped},
                   {"meter_events_waiting", Type::gauge, "Events that wait for the catalog", stats.waiting},
                   {"meter_events_failing", Type::gauge, "1 while events cannot be written", stats.failing ? 1U : 0U},
                   {"meter_events_followers", Type::gauge, "Clients that follow live", stats.followers},
               });
}

void append(MetricsText& text, const ShipperStats& stats, Instant now) {
  const auto lag = stats.waiting_since ? std::max(Seconds{0}, Seconds{now - *stats.waiting_since}) : Seconds{0};
  append(text, {
                   {"meter_shipping_lag_seconds", Type::gauge, "Age of the oldest frame that is not shipped yet",
                    static_cast<std::uint64_t>(lag.count())},
                   {"meter_shipping_waiting_bytes", Type::gauge, "Bytes that wait to be shipped", stats.queued_bytes},
                   {"meter_shipping_failing", Type::gauge, "1 while shipping fails", stats.failing ? 1U : 0U},
                   {"meter_shipping_missing", Type::gauge, "1 while frames are neither shipped nor in a backup",
                    stats.missing[0] || stats.missing[1] ? 1U : 0U},
                   {"meter_shipping_frames_total", Type::counter, "Frames of the journal shipped", stats.frames},
                   {"meter_shipping_bytes_total", Type::counter, "Bytes of them", stats.bytes},
                   {"meter_shipping_lost_frames_total", Type::counter, "Frames given up: a gap", stats.lost_frames},
               });
}

// Moments since 1970, as Prometheus wants them: an age is `time() - x`.
void sample_moment(MetricsText& text, const std::string& labels, Instant at) {
  text.sample(labels, static_cast<std::uint64_t>(epoch_seconds(at)));
}

}  // namespace

void Api::append_jobs(MetricsText& text) const {
  append(text, {{"meter_maintenance_active", Type::gauge, "1 while other requests are turned away",
                 parts_.maintenance.active() ? 1U : 0U}});
  const auto run = parts_.jobs.current();
  text.family("meter_job_running", Type::gauge, "1 while the job runs");
  for (const std::string job : {kDailyJob, kBackupJob})
    text.sample(fmt::format("job=\"{}\"", job), run && run->job == job ? 1U : 0U);
  text.family("meter_job_last_end_timestamp_seconds", Type::gauge, "End of the newest run that came to this");
  for (const std::string job : {kDailyJob, kBackupJob})
    for (const JobRun::State state : {JobRun::State::done, JobRun::State::failed}) {
      const auto runs = parts_.catalog.job_runs({.job = job, .day = {}, .state = state}, std::nullopt, 1);
      if (!runs || runs->runs.empty() || !runs->runs.front().ended) continue;
      sample_moment(text, fmt::format("job=\"{}\",state=\"{}\"", job, to_string(state)), *runs->runs.front().ended);
    }
  const auto backup = parts_.backups.newest();
  if (!backup) return;
  text.family("meter_backup_newest_timestamp_seconds", Type::gauge, "When the newest whole backup was finished");
  sample_moment(text, "", *backup);
}

Response Api::get_openapi(const Request& request, std::string_view) {
  return StaticFiles::answer(request, openapi_file());
}

Response Api::get_health(const Request&, std::string_view) { return health(200, "ok", ""); }

// Asks the store for a reading that nobody has: it answers unless it is closed or has stopped after a failed sync.
// What else is not as it should be keeps nobody from being served; it is listed.
Response Api::get_readiness(const Request&, std::string_view) {
  const auto answer = parts_.store.latest(SeriesKey{MeterId::from_number(0), Channel::import_}, 1);
  if (!answer) return health(503, "unavailable", answer.error().message);
  const Maintenance::Phase phase = parts_.maintenance.status().phase;
  const StoreStats store = parts_.store.stats();
  JsonWriter json;
  json.object().key("status").text("ready");
  json.key("maintenance").text(phase == Maintenance::Phase::none ? "off" : to_string(phase));
  json.key("pending").number(store.pending_readings).key("job");
  const auto run = parts_.jobs.current();
  run ? json.number(run->id) : json.null();
  json.key("warnings").array();
  for (const std::string& warning : warnings(store)) json.text(warning);
  return json_response(200, json.end().end().take());
}

std::vector<std::string> Api::warnings(const StoreStats& store) const {
  std::vector<std::string> found;
  if (store.held && !parts_.maintenance.active())
    found.emplace_back("readings are kept as pending although maintenance has ended: they cannot be applied");
  if (const auto events = parts_.events.stats(); events.failing)
    found.push_back(fmt::format("events cannot be written; {} wait", events.waiting));
  if (parts_.shipper != nullptr) {
    const ShipperStats shipping = parts_.shipper->stats();
    if (shipping.failing) found.push_back(shipping.failing->message);
    for (const FrameStream stream : {FrameStream::readings, FrameStream::pending})
      if (const auto& missing = shipping.missing[static_cast<std::size_t>(stream)])
        found.push_back(missing_text(stream, *missing));
  }
  return found;
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
  append_jobs(text);
  append(text, parts_.events.stats());
  if (parts_.shipper != nullptr) append(text, parts_.shipper->stats(), parts_.clock.now());
  if (const Server* server = server_) append(text, server->stats());
  Response response;
  response.content_type = MetricsText::kContentType;
  response.body = text.take();
  return response;
}

}  // namespace meterhouse

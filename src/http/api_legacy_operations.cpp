// The first system's endpoints for those who run it: maintenance mode and the backup of a day.
#include "base/iso8601.h"
#include "formats/legacy_bodies.h"
#include "http/api.h"
#include "http/json_writer.h"
#include "http/on_worker.h"
#include "http/problem.h"
#include "http/request_query.h"
#include "service/jobs/retention.h"

namespace meterhouse {
namespace {

constexpr std::size_t kPieceBytes = 64 * 1024;

// Each meter's consumption of a day, a page of meters at a time.
class DayBackup final : public BodySource {
 public:
  DayBackup(const UsageQueries& usage, WorkerPool& workers, TimeRange day, std::string_view date)
      : usage_(usage), workers_(workers), day_(day) {
    JsonWriter json;
    json.object().key("status").text("success").key("date").text(date).key("data").object();
    piece_ = json.take();
  }

  Task<Result<std::string>> next() override {
    if (done_) co_return std::string{};
    co_return co_await on_worker<std::string>(workers_, [this] { return page(); });
  }

 private:
  Result<std::string> page() {
    const auto add = [this](const UsageQueries::Use& use) -> Status {
      if (use.channel != Channel::import_ || !use.used.energy) return {};
      piece_.append(std::exchange(first_, false) ? "\"" : ",\"").append(use.meter.id.text()).append("\":\"");
      append_kwh(piece_, *use.used.energy);
      piece_.push_back('"');
      return {};
    };
    while (!done_ && piece_.size() < kPieceBytes) {
      const auto next = usage_.use_of_page(day_, after_, add);
      if (!next) return next.error();
      after_ = *next;
      done_ = !after_;
    }
    if (done_) piece_.append("}}");
    return std::exchange(piece_, std::string{});
  }

  const UsageQueries& usage_;
  WorkerPool& workers_;
  TimeRange day_;
  std::string piece_;
  std::optional<MeterId> after_;
  bool first_ = true;
  bool done_ = false;
};

}  // namespace

Response Api::legacy_stop_server(const Request& request, std::string_view) {
  // Changes state though it is a GET: a page elsewhere must not do that through a browser, nor one who only looks.
  if (request.method == Method::head) {
    Response refused = legacy_error(405, "only GET enters maintenance mode");
    refused.headers.emplace_back("Allow", "GET");
    return refused;
  }
  if (equal_ignoring_case(request.header("Sec-Fetch-Site"), "cross-site"))
    return legacy_error(403, "refused: the request comes from another site");
  const auto entered = parts_.maintenance.enter(parts_.maintenance_duration, "GET /stopserver",
                                                [this] { return submit_daily("stopserver"); });
  if (!entered && entered.error().code == Errc::conflict) return legacy_error(400, "Already in maintenance");
  if (!entered) return legacy_error(entered.error());
  JsonWriter json;
  json.object().key("status").text("success");
  json.key("message").text("Server in maintenance mode. Background job started.").end();
  return json_response(200, json.take());
}

Response Api::legacy_get_backup(const Request& request, std::string_view) {
  const date::local_days yesterday = parts_.calendar.day_of(parts_.clock.now()) - date::days{1};
  const std::string date{request.query_parameter("date").value_or(format_date(yesterday))};
  const Response none = legacy_error(404, fmt::format("No Backup Data for {:.40}", date));
  const auto day = parse_date(date);
  if (!day) return none;
  const auto closed = parts_.catalog.closed_day(*day);
  if (!closed) return legacy_error(closed.error());
  if (!*closed || (*closed)->readings == 0) return none;
  const auto dropped = is_dropped(parts_.catalog, parts_.calendar, *day);
  if (!dropped) return legacy_error(dropped.error());
  if (*dropped) return none;
  Response response;
  response.content_type = kJson;
  response.source = std::make_shared<DayBackup>(parts_.usage, workers_, parts_.calendar.day(*day), date);
  return response;
}

}  // namespace meterhouse

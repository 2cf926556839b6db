// What happened: GET /api/v1/events as a list or, for who accepts text/event-stream, live; GET /get_logs.
#include <algorithm>
#include <boost/asio/redirect_error.hpp>

#include "base/iso8601.h"
#include "http/api.h"
#include "http/json_writer.h"
#include "http/lane.h"
#include "http/problem.h"
#include "http/request_query.h"
#include "service/event_types.h"

namespace meterhouse {
namespace {

constexpr std::size_t kEventsPerPage = 100;
constexpr std::size_t kLogsOtherwise = 50;
constexpr std::chrono::milliseconds kLook{250};  // how late a live event is at most
constexpr std::chrono::seconds kSignOfLife{15};  // so that a client that is gone is noticed

void append_event(JsonWriter& json, const Event& event, const SiteCalendar& calendar) {
  json.object().key("id").number(event.id).key("at").text(calendar.format(event.at)).key("type").text(event.type);
  json.key("meter_id");
  event.meter ? json.text(event.meter->text()) : json.null();
  json.key("message").text(event.message).key("fields").raw(event.fields).end();
}

// Events as server-sent events: "id", "event" (the type) and "data" (as in the list).
class LiveEvents final : public BodySource {
 public:
  LiveEvents(std::shared_ptr<EventFollower> follower, const SiteCalendar& calendar)
      : follower_(std::move(follower)), calendar_(calendar) {}
  ~LiveEvents() override { follower_->close(); }

  Task<Result<std::string>> next() override {
    const auto executor = co_await boost::asio::this_coro::executor;
    LaneTimer timer{executor};
    timer_ = &timer;
    std::string piece = std::exchange(begun_, true) ? std::string{} : ": events from now on\n\n";
    for (std::chrono::milliseconds quiet{0}; piece.empty() && !stopped_; quiet += kLook) {
      piece = quiet >= kSignOfLife ? ":\n\n" : what_came();
      if (!piece.empty()) break;
      timer.expires_after(kLook);
      boost::system::error_code cancelled;
      co_await timer.async_wait(boost::asio::redirect_error(kAwait, cancelled));
    }
    timer_ = nullptr;
    co_return piece;
  }
  void stop() override {
    stopped_ = true;
    if (timer_ != nullptr) timer_->cancel();
  }

 private:
  std::string what_came() {
    const EventFollower::Taken taken = follower_->take();
    std::string text;
    for (const Event& event : taken.events) {
      JsonWriter json;
      append_event(json, event, calendar_);
      text += fmt::format("id: {}\nevent: {}\ndata: {}\n\n", event.id, event.type, json.take());
    }
    if (taken.missed > 0) text += fmt::format("event: missed\ndata: {{\"missed\":{}}}\n\n", taken.missed);
    return text;
  }

  std::shared_ptr<EventFollower> follower_;
  const SiteCalendar& calendar_;
  LaneTimer* timer_ = nullptr;  // while next() waits
  bool begun_ = false;
  bool stopped_ = false;
};

Result<EventFilter> filter_of(const Request& request, const SiteCalendar& calendar) {
  EventFilter filter;
  if (const auto type = request.query_parameter("type")) {
    if (std::ranges::find(event_type::kAll, *type) == std::end(event_type::kAll))
      return Error{Errc::invalid_argument, fmt::format("type: one of {}", fmt::join(event_type::kAll, ", "))};
    filter.types.emplace_back(*type);
  }
  auto from = instant_of(request, "from", calendar);
  if (!from) return from.error();
  auto to = instant_of(request, "to", calendar);
  if (!to) return to.error();
  filter.from = *from;
  filter.to = *to;
  if (const auto meter = request.query_parameter("meter")) {
    const auto id = MeterId::parse(*meter);
    if (!id) return id.error().during("meter");
    filter.meter = *id;
  }
  return filter;
}

Result<EventOrder> order_of(const Request& request) {
  const auto order = request.query_parameter("order").value_or("newest");
  if (order == "newest") return EventOrder::newest_first;
  if (order == "oldest") return EventOrder::oldest_first;
  return Error{Errc::invalid_argument, "order: newest or oldest"};
}

}  // namespace

Response Api::get_events(const Request& request, std::string_view) {
  const bool live = request.header("Accept").find("text/event-stream") != std::string_view::npos;
  const auto known = live ? check_parameters(request, {"type", "from", "to", "meter"})
                          : check_parameters(request, {"type", "from", "to", "meter", "cursor", "limit", "order"});
  if (!known) return problem(known.error());
  auto filter = filter_of(request, parts_.calendar);
  if (!filter) return problem(filter.error());
  if (live) return follow_events(std::move(*filter));
  const auto cursor = cursor_id_of(request);
  if (!cursor) return problem(cursor.error());
  const auto limit = limit_of(request, kEventsPerPage, EventCatalog::kMaxEventsPerPage);
  if (!limit) return problem(limit.error());
  const auto order = order_of(request);
  if (!order) return problem(order.error());
  const auto page = parts_.catalog.events(*filter, *order, *cursor, *limit);
  if (!page) return problem(page.error());
  JsonWriter json;
  json.object().key("events").array();
  for (const Event& event : page->events) append_event(json, event, parts_.calendar);
  json.end().key("next");
  page->next ? json.text(std::to_string(*page->next)) : json.null();
  return json_response(200, json.end().take());
}

Response Api::follow_events(EventFilter filter) {
  auto follower = parts_.events.follow(std::move(filter), [] {});
  if (!follower) return problem(follower.error());
  Response response;
  response.content_type = "text/event-stream";
  response.source = std::make_shared<LiveEvents>(std::move(*follower), parts_.calendar);
  return response;
}

// The newest events of one type, oldest first, each as a JSON text in a string.
Response Api::legacy_get_logs(const Request& request, std::string_view) {
  const std::string type{request.query_parameter("log_type").value_or(event_type::kDailyJobs)};
  const auto limit = limit_of(request, kLogsOtherwise, EventCatalog::kMaxEventsPerPage);
  if (!limit) return legacy_error(limit.error());
  EventFilter filter{.types = {type}};
  if (const auto date = request.query_parameter("date")) {
    const auto day = parse_date(*date);
    if (!day) return legacy_error(day.error());
    filter.from = parts_.calendar.day(*day).from;
    filter.to = parts_.calendar.day(*day).to;
  }
  auto page = parts_.catalog.events(filter, EventOrder::newest_first, std::nullopt, *limit);
  if (!page) return legacy_error(page.error());
  std::ranges::reverse(page->events);
  JsonWriter json;
  json.object().key("log_type").text(type).key("logs").array();
  for (const Event& event : page->events) {
    JsonWriter entry;
    entry.object().key("timestamp").text(parts_.calendar.format(event.at)).key("log_type").text(event.type);
    entry.key("message").text(event.message).key("service").text("meterhouse").end();
    json.text(entry.take());
  }
  return json_response(200, json.end().end().take());
}

}  // namespace meterhouse

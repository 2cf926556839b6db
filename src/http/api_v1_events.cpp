// What happened: GET /api/v1/events as a list or, for who accepts text/event-stream, live; GET /get_logs.
#include <algorithm>
#include <iterator>

#include "base/iso8601.h"
#include "http/api.h"
#include "http/json_writer.h"
#include "http/live_events.h"
#include "http/problem.h"
#include "http/request_query.h"
#include "service/events/event_types.h"

namespace meterhouse {
namespace {

constexpr std::size_t kEventsPerPage = 100;
constexpr std::size_t kLogsOtherwise = 50;
constexpr std::size_t kMaxLogs = 10'000;

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
  if (*from && *to && **to < **from) return Error{Errc::invalid_argument, "to: before `from`"};
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

Response logs_response(std::string_view type, const std::vector<Event>& events, const SiteCalendar& calendar) {
  JsonWriter json;
  json.object().key("log_type").text(type).key("logs").array();
  for (const Event& event : events) {
    JsonWriter entry;
    entry.object().key("timestamp").text(calendar.format(event.at)).key("log_type").text(event.type);
    entry.key("message").text(event.message).key("service").text("meterhouse").end();
    json.text(entry.take());
  }
  return json_response(200, json.end().end().take());
}

}  // namespace

Response Api::get_events(const Request& request, std::string_view) {
  const bool live = request.header("Accept").find("text/event-stream") != std::string_view::npos;
  const auto known = live ? check_parameters(request, {"type", "from", "to", "meter", "cursor"})
                          : check_parameters(request, {"type", "from", "to", "meter", "cursor", "limit", "order"});
  if (!known) return problem(known.error());
  auto filter = filter_of(request, parts_.calendar);
  if (!filter) return problem(filter.error());
  const auto cursor = cursor_id_of(request);
  if (!cursor) return problem(cursor.error());
  if (live) return follow_events(request, std::move(*filter), *cursor);
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

// Behind the id of the header Last-Event-ID, which a browser sends when it connects again; else behind `cursor`, an id
// of a list; else from now on. An id beyond all there are is one of another time, from before a restore: from now on,
// too.
Response Api::follow_events(const Request& request, EventFilter filter, std::optional<std::int64_t> cursor) {
  auto follower = parts_.events.follow(filter);  // first: what is written from here on it tells
  if (!follower) return problem(follower.error());
  std::optional<std::int64_t> after = cursor;
  if (const auto last = request.header("Last-Event-ID"); !last.empty()) {
    const auto id = id_of(last, "Last-Event-ID");
    if (!id) return problem(id.error());
    after = *id;
  }
  const auto newest = parts_.catalog.events({}, EventOrder::newest_first, std::nullopt, 1);
  if (!newest) return problem(newest.error());
  const std::int64_t now = newest->events.empty() ? 0 : newest->events.front().id;
  after = std::min(after.value_or(now), now);
  Response response;
  response.content_type = "text/event-stream";
  response.source = std::make_shared<LiveEvents>(std::move(*follower), parts_.catalog, workers_, parts_.calendar,
                                                 LiveEvents::Options{.filter = std::move(filter), .after = *after});
  return response;
}

// The newest events of one type, oldest first, each as a JSON text in a string. As in the first system, a type or a day
// that there is not has no logs.
Response Api::legacy_get_logs(const Request& request, std::string_view) {
  const std::string type{request.query_parameter("log_type").value_or(event_type::kDailyJobs)};
  const auto limit = limit_of(request, kLogsOtherwise, kMaxLogs);
  if (!limit) return legacy_error(limit.error());
  EventFilter filter{.types = {type}};
  std::vector<Event> events;
  if (const auto date = request.query_parameter("date")) {
    const auto day = parse_date(*date);
    if (!day) return logs_response(type, events, parts_.calendar);
    filter.from = parts_.calendar.day(*day).from;
    filter.to = parts_.calendar.day(*day).to;
  }
  std::optional<std::int64_t> cursor;
  do {
    const auto most = std::min(*limit - events.size(), EventCatalog::kMaxEventsPerPage);
    auto page = parts_.catalog.events(filter, EventOrder::newest_first, cursor, most);
    if (!page) return legacy_error(page.error());
    std::ranges::move(page->events, std::back_inserter(events));
    cursor = page->next;
  } while (cursor && events.size() < *limit);
  std::ranges::reverse(events);
  return logs_response(type, events, parts_.calendar);
}

}  // namespace meterhouse

#include "http/live_events.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>

#include "http/on_worker.h"

namespace meterhouse {
namespace {

constexpr std::chrono::milliseconds kLook{250};  // how late a live event is at most, once it is written
constexpr std::size_t kLivePage = 100;

}  // namespace

void append_event(JsonWriter& json, const Event& event, const SiteCalendar& calendar) {
  json.object().key("id").number(event.id).key("at").text(calendar.format(event.at)).key("type").text(event.type);
  json.key("meter_id");
  event.meter ? json.text(event.meter->text()) : json.null();
  json.key("message").text(event.message).key("fields").raw(event.fields).end();
}

Task<Result<std::string>> LiveEvents::next() {
  if (!std::exchange(begun_, true)) co_return fmt::format(": events behind {}\n\n", options_.after);
  const auto executor = co_await boost::asio::this_coro::executor;
  LaneTimer timer{executor};
  timer_ = &timer;
  Result<std::string> piece = std::string{};
  for (std::chrono::milliseconds quiet{0}; piece && piece->empty() && !stopped_; quiet += kLook) {
    if (follower_->take_news()) more_ = true;
    if (more_) {
      piece = co_await read_page();
      if (!piece || !piece->empty()) break;
    }
    if (quiet >= options_.sign_of_life) {
      piece = std::string{":\n\n"};
      break;
    }
    if (stopped_) break;
    timer.expires_after(std::min(kLook, options_.sign_of_life));
    boost::system::error_code cancelled;
    co_await timer.async_wait(boost::asio::redirect_error(kAwait, cancelled));
  }
  timer_ = nullptr;
  co_return piece;
}

Task<Result<std::string>> LiveEvents::read_page() {
  const auto page = co_await on_worker<EventPage>(workers_, [this] {
    return catalog_.events(options_.filter, EventOrder::oldest_first, options_.after, kLivePage);
  });
  if (!page && page.error().code == Errc::unavailable) co_return std::string{};  // looked for again
  if (!page) co_return page.error();
  more_ = page->next.has_value();
  co_return text_of(*page);
}

std::string LiveEvents::text_of(const EventPage& page) {
  std::string text;
  for (const Event& event : page.events) {
    JsonWriter json;
    append_event(json, event, calendar_);
    text += fmt::format("id: {}\nevent: {}\ndata: {}\n\n", event.id, event.type, json.take());
    options_.after = event.id;
  }
  return text;
}

void LiveEvents::stop() {
  stopped_ = true;
  if (timer_ != nullptr) timer_->cancel();
}

}  // namespace meterhouse

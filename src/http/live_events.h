#pragma once

#include <memory>
#include <string>

#include "base/site_calendar.h"
#include "http/json_writer.h"
#include "http/lane.h"
#include "http/message.h"
#include "http/worker_pool.h"
#include "service/events/event_feed.h"
#include "store/catalog_events.h"

namespace meterhouse {

void append_event(JsonWriter& json, const Event& event, const SiteCalendar& calendar);

// Events as server-sent events ("id", "event" is the type, "data" is the event as in a list): those behind an id, then
// as they come. All of them are read from the catalog in its order, a page at a time; the follower only tells that
// there is something new. So nothing is lost between what was and what comes, nothing is there twice, and a client that
// reads slowly holds one page of memory: it falls behind, until the connection's write deadline cuts it off.
class LiveEvents final : public BodySource {
 public:
  struct Options {
    EventFilter filter = {};
    std::int64_t after = 0;  // an id: only events behind it
    // A comment line after so much quiet, so that a client that is gone is noticed, and a proxy sees life.
    std::chrono::milliseconds sign_of_life{15'000};
  };

  // follower  made with the same filter, before `after` was read. The others outlive the connection.
  LiveEvents(std::shared_ptr<EventFollower> follower, const EventCatalog& catalog, WorkerPool& workers,
             const SiteCalendar& calendar, Options options)
      : follower_(std::move(follower)),
        catalog_(catalog),
        workers_(workers),
        calendar_(calendar),
        options_(std::move(options)) {}

  Task<Result<std::string>> next() override;
  void stop() override;
  bool is_endless() const override { return true; }

 private:
  Task<Result<std::string>> read_page();
  std::string text_of(const EventPage& page);

  std::shared_ptr<EventFollower> follower_;
  const EventCatalog& catalog_;
  WorkerPool& workers_;
  const SiteCalendar& calendar_;
  Options options_;
  LaneTimer* timer_ = nullptr;  // while next() waits
  bool begun_ = false;
  bool more_ = true;  // the catalog may have events behind options_.after
  bool stopped_ = false;
};

}  // namespace meterhouse

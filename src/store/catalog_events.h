#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/event.h"
#include "model/ids.h"

namespace meterhouse {

// All that are given must hold.
struct EventFilter {
  std::vector<std::string> types = {};  // any of them, at most EventCatalog::kMaxTypes; empty: every type
  std::optional<Instant> from = {};     // [from, to)
  std::optional<Instant> to = {};
  std::optional<MeterId> meter = {};
};

// By id, which is the order of writing; an event's own time may lie before that of an earlier one (a clock was set
// back).
enum class EventOrder : std::uint8_t { oldest_first, newest_first };

struct EventPage {
  std::vector<Event> events;
  std::optional<std::int64_t> next;  // pass as `cursor` for the following page; absent: this was the last
};

// What happened: a part of the Catalog (catalog.h), which says what holds of every call.
class EventCatalog {
 public:
  static constexpr std::size_t kMaxEventsPerPage = 1'000;
  static constexpr std::size_t kMaxEventsPerAdd = 10'000;
  static constexpr std::size_t kMaxTypes = 16;

  virtual ~EventCatalog() = default;

  // Adds events in one transaction.
  //   events   at most kMaxEventsPerAdd (MH_CHECK); their ids are not looked at
  //   returns  the same with their ids: ascending in order, above all given before, also those of dropped events
  //   visible  whoever saw an id has seen, or can see, every smaller one that is still there
  //   errors   invalid_argument: the time of one is outside [kFirstInstant, kLastInstant]; nothing was added
  virtual Result<std::vector<Event>> add_events(std::vector<Event> events) = 0;

  // The first `limit` (1..kMaxEventsPerPage) events that match, in that order.
  //   cursor  only events behind the one with this id (greater ids with oldest_first, smaller with newest_first);
  //           it need not exist any more
  virtual Result<EventPage> events(const EventFilter& filter, EventOrder order, std::optional<std::int64_t> cursor,
                                   std::size_t limit) const = 0;

  // Drops the events before an instant, and of the rest all but the newest.
  //   newest_kept  how many of the newest (by id) are left
  //   returns      how many were dropped
  //   durable      in pieces, so that others can write meanwhile: an error leaves some of them dropped, calling again
  //                goes on
  virtual Result<std::uint64_t> drop_events(Instant before, std::uint64_t newest_kept) = 0;
};

}  // namespace meterhouse

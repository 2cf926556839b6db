#pragma once

#include <ostream>
#include <vector>

#include "store/catalog_events.h"
#include "store/contract/must.h"

namespace meterhouse {

// For the messages of failing tests.
inline void PrintTo(const Event& event, std::ostream* out) {
  *out << fmt::format("{}: {} at {} meter {} '{}' {}", event.id, event.type, epoch_seconds(event.at),
                      event.meter ? event.meter->text() : "none", event.message, event.fields);
}

// Every page of the list, joined; each but the last must be full.
inline std::vector<Event> all_events(const EventCatalog& catalog, const EventFilter& filter, EventOrder order,
                                     std::size_t limit) {
  std::vector<Event> events;
  std::optional<std::int64_t> cursor;
  do {
    const EventPage page = must(catalog.events(filter, order, cursor, limit));
    if (page.next && page.events.size() != limit) throw std::runtime_error("a page before the last is not full");
    events.insert(events.end(), page.events.begin(), page.events.end());
    cursor = page.next;
  } while (cursor);
  return events;
}

}  // namespace meterhouse

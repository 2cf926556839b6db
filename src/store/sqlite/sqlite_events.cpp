#include <algorithm>
#include <limits>
#include <map>

#include "base/check.h"
#include "store/catalog_query.h"
#include "store/catalog_schema.h"
#include "store/sqlite/event_row.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/sqlite_catalog.h"
#include "store/sqlite/take_ids.h"

namespace meterhouse {
namespace {

// Dropped in one transaction: some 20 ms in which nobody else writes.
constexpr std::int64_t kDropPiece = 10'000;

Status insert_events(SqliteConnection& connection, const std::vector<Event>& events) {
  auto insert = connection.prepare(kInsertEvent);
  if (!insert) return insert.error();
  for (const Event& event : events) {
    insert->bind(1, event.id);
    insert->bind(2, epoch_seconds(event.at));
    insert->bind(3, std::string_view{event.type});
    insert->bind(4, event.meter ? std::optional{std::int64_t{event.meter->number()}} : std::nullopt);
    insert->bind(5, std::string_view{event.message});
    insert->bind(6, std::string_view{event.fields});
    if (const Status inserted = insert->run(); !inserted) return inserted;
  }
  return {};
}

// Their ids ascend, so the first and last of an hour are the first and last that stand in it.
Status note_hours(SqliteConnection& connection, const std::vector<Event>& events) {
  struct Ids {
    std::int64_t first, last;
  };
  std::map<std::int64_t, Ids> hours;
  for (const Event& event : events)
    hours.try_emplace(event_hour(event.at), event.id, event.id).first->second.last = event.id;
  auto upsert = connection.prepare(kUpsertEventHour);
  if (!upsert) return upsert.error();
  for (const auto& [hour, ids] : hours) {
    upsert->bind(1, hour);
    upsert->bind(2, ids.first);
    upsert->bind(3, ids.last);
    if (const Status noted = upsert->run(); !noted) return noted;
  }
  return {};
}

Status add_all(SqliteConnection& connection, std::vector<Event>& events) {
  const auto first = take_ids(connection, kEventCounter, static_cast<std::int64_t>(events.size()));
  if (!first) return first.error();
  std::int64_t id = *first;
  for (Event& event : events) event.id = id++;
  if (Status inserted = insert_events(connection, events); !inserted) return inserted;
  return note_hours(connection, events);
}

Result<EventPage> select_events(SqliteConnection& connection, const CatalogQuery& query, std::size_t limit) {
  auto select = prepare(connection, query);
  if (!select) return select.error();
  auto events = collect<Event>(*select, event_of);
  if (!events) return events.error();
  EventPage page{std::move(*events), std::nullopt};
  if (page.events.size() > limit) {  // one more than asked for: there is a next page
    page.events.pop_back();
    page.next = page.events.back().id;
  }
  return page;
}

// How many rows a DELETE with these parameters removed.
Result<std::int64_t> remove(SqliteConnection& connection, const char* sql, std::initializer_list<std::int64_t> values) {
  auto statement = connection.prepare(sql);
  if (!statement) return statement.error();
  int parameter = 0;
  for (const std::int64_t value : values) statement->bind(++parameter, value);
  if (const Status run = statement->run(); !run) return run.error();
  return connection.changes();
}

}  // namespace

Result<std::vector<Event>> SqliteCatalog::add_events(std::vector<Event> events) {
  MH_CHECK(events.size() <= kMaxEventsPerAdd);
  if (events.empty()) return events;
  const Status added = writing([&](SqliteConnection& connection) { return add_all(connection, events); });
  if (!added) return added.error().during("add events");
  return events;
}

Result<EventPage> SqliteCatalog::events(const EventFilter& filter, EventOrder order, std::optional<std::int64_t> cursor,
                                        std::size_t limit) const {
  MH_CHECK(limit >= 1 && limit <= kMaxEventsPerPage);
  MH_CHECK(filter.types.size() <= kMaxTypes);
  const CatalogQuery query = event_query(filter, order, cursor, limit + 1);
  return reading([&](SqliteConnection& connection) { return select_events(connection, query, limit); });
}

Result<std::uint64_t> SqliteCatalog::drop_events(Instant before, std::uint64_t newest_kept) {
  constexpr std::uint64_t kAll = std::numeric_limits<std::int64_t>::max();
  std::int64_t dropped = 0;
  const auto drop = [&](const char* sql, std::initializer_list<std::int64_t> values) -> Status {
    for (std::int64_t piece = kDropPiece; piece == kDropPiece; dropped += piece) {
      const auto removed = writing([&](SqliteConnection& connection) { return remove(connection, sql, values); });
      if (!removed) return removed.error().during("drop events");
      piece = *removed;
    }
    return {};
  };
  const auto up_to = reading([&](SqliteConnection& connection) -> Result<std::optional<std::int64_t>> {
    auto select = connection.prepare(kSelectNewestDropped);
    if (!select) return select.error();
    select->bind(1, static_cast<std::int64_t>(std::min(newest_kept, kAll)));
    return first_of<std::int64_t>(*select,
                                  [](const SqliteStatement& row) -> Result<std::int64_t> { return row.integer(0); });
  });
  if (!up_to) return up_to.error();
  if (*up_to)
    if (const Status done = drop(kDeleteEventsUpTo, {**up_to, kDropPiece}); !done) return done.error();
  if (const Status done =
          drop(kDeleteEventsBefore, {epoch_seconds(before), event_hour(before - Seconds{1}), kDropPiece});
      !done)
    return done.error();
  const auto hours =
      writing([&](SqliteConnection& connection) { return remove(connection, kDeleteEmptyEventHours, {}); });
  if (!hours) return hours.error();
  return static_cast<std::uint64_t>(dropped);
}

}  // namespace meterhouse

#include <limits>

#include "base/check.h"
#include "base/iso8601.h"
#include "store/catalog_query.h"
#include "store/catalog_schema.h"
#include "store/sqlite/day_row.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/sqlite_catalog.h"

namespace meterhouse {
namespace {

std::int64_t checked(date::local_days day) {
  MH_CHECK(DayCatalog::kFirstDay <= day && day <= DayCatalog::kLastDay);
  return day_number(day);
}

std::int64_t checked(std::uint64_t count) {
  MH_CHECK(count <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
  return static_cast<std::int64_t>(count);
}

std::int64_t checked_limit(std::size_t limit) {
  MH_CHECK(limit >= 1 && limit <= DayCatalog::kMaxDaysPerPage);
  return static_cast<std::int64_t>(limit);
}

// Runs a statement without rows with numbers for its parameters.
Status run(SqliteConnection& connection, const char* sql, std::initializer_list<std::int64_t> values) {
  auto statement = connection.prepare(sql);
  if (!statement) return statement.error();
  int parameter = 0;
  for (const std::int64_t value : values) statement->bind(++parameter, value);
  return statement->run();
}

void bind_kind(SqliteStatement& statement, const DayTotal& total) {
  statement.bind(1, std::string_view{total.region});
  statement.bind(2, std::string_view{total.area});
  statement.bind(3, std::string_view{total.dwelling_type});
  statement.bind(4, static_cast<std::int64_t>(total.channel));
}

Status insert_totals(SqliteConnection& connection, date::local_days day, std::span<const DayTotal> totals) {
  auto insert_kind = connection.prepare(kInsertTotalKind);
  if (!insert_kind) return insert_kind.error();
  auto insert = connection.prepare(kInsertTotal);
  if (!insert) return insert.error();
  for (const DayTotal& total : totals) {
    bind_kind(*insert_kind, total);
    if (Status inserted = insert_kind->run(); !inserted) return inserted;
    bind_kind(*insert, total);
    insert->bind(5, day_number(day));
    insert->bind(6, total.energy.count());
    insert->bind(7, checked(total.meters));
    insert->bind(8, checked(total.expected));
    insert->bind(9, checked(total.found));
    insert->bind(10, checked(total.estimated));
    insert->bind(11, total.estimated_energy.count());
    if (Status inserted = insert->run(); !inserted) return inserted;
  }
  return {};
}

Status replace_day(SqliteConnection& connection, const ClosedDay& closed, std::span<const DayTotal> totals) {
  const std::int64_t day = checked(closed.day);
  const std::int64_t watermark = checked(closed.sequence);
  if (Status deleted = run(connection, kDeleteTotals, {day}); !deleted) return deleted;
  Status kept =
      run(connection, kUpsertDay,
          {day, epoch_seconds(closed.closed_at), watermark, checked(closed.readings), checked(closed.missing)});
  if (!kept) return kept;
  if (Status inserted = insert_totals(connection, closed.day, totals); !inserted) return inserted;
  return run(connection, kForgetTouches, {day, watermark});
}

// The rows of a query.
template <class T, class ValueOf>
Result<std::vector<T>> select_all(SqliteConnection& connection, const CatalogQuery& query, ValueOf value_of) {
  auto select = prepare(connection, query);
  if (!select) return select.error();
  return collect<T>(*select, value_of);
}

Result<std::optional<ClosedDay>> select_day(SqliteConnection& connection, const CatalogQuery& query) {
  auto select = prepare(connection, query);
  if (!select) return select.error();
  return first_of<ClosedDay>(*select, closed_day_of);
}

}  // namespace

Status SqliteCatalog::touch_days(std::span<const date::local_days> days, std::uint64_t sequence) {
  if (days.empty()) return {};
  return writing([&](SqliteConnection& connection) -> Status {
    for (const date::local_days day : days)
      if (Status touched = run(connection, kTouchDay, {checked(day), checked(sequence)}); !touched) return touched;
    return {};
  });
}

Status SqliteCatalog::touch_known_days(date::local_days first, date::local_days last, std::uint64_t sequence) {
  return writing([&](SqliteConnection& connection) {
    return run(connection, kTouchKnownDays, {checked(sequence), checked(first), checked(last)});
  });
}

Result<std::vector<TouchedDay>> SqliteCatalog::touched_days(date::local_days from, date::local_days until,
                                                            std::size_t limit) const {
  const CatalogQuery query{kSelectTouched, {day_number(from), day_number(until), checked_limit(limit)}};
  return reading([&](SqliteConnection& connection) { return select_all<TouchedDay>(connection, query, touched_of); });
}

Status SqliteCatalog::forget_touches(date::local_days day, std::uint64_t sequence) {
  return writing([&](SqliteConnection& connection) {
    return run(connection, kForgetTouches, {checked(day), checked(sequence)});
  });
}

Status SqliteCatalog::close_day(const ClosedDay& closed, std::span<const DayTotal> totals) {
  Status replaced = writing([&](SqliteConnection& connection) { return replace_day(connection, closed, totals); });
  if (!replaced) return replaced.error().during("close day " + format_date(closed.day));
  return replaced;
}

Result<std::optional<ClosedDay>> SqliteCatalog::closed_day(date::local_days day) const {
  const CatalogQuery query{kSelectDay, {day_number(day)}};
  return reading([&](SqliteConnection& connection) { return select_day(connection, query); });
}

Result<std::vector<ClosedDay>> SqliteCatalog::closed_days(date::local_days from, date::local_days to,
                                                          std::size_t limit) const {
  const CatalogQuery query{kSelectDays, {day_number(from), day_number(to), checked_limit(limit)}};
  return reading([&](SqliteConnection& connection) { return select_all<ClosedDay>(connection, query, closed_day_of); });
}

Result<std::optional<ClosedDay>> SqliteCatalog::newest_closed_day() const {
  return reading([](SqliteConnection& connection) { return select_day(connection, {kSelectNewestDay, {}}); });
}

Result<std::vector<DayTotal>> SqliteCatalog::day_totals(date::local_days day) const {
  const CatalogQuery query{kSelectTotals, {day_number(day)}};
  auto totals =
      reading([&](SqliteConnection& connection) { return select_all<DayTotal>(connection, query, day_total_of); });
  if (totals) sort_totals(*totals);
  return totals;
}

}  // namespace meterhouse

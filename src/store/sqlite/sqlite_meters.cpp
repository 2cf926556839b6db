#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "store/catalog_query.h"
#include "store/catalog_schema.h"
#include "store/sqlite/meter_row.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/sqlite_catalog.h"

namespace meterhouse {
namespace {

void bind_meter(SqliteStatement& statement, const Meter& meter) {
  statement.bind(1, std::int64_t{meter.id.number()});
  statement.bind(2, std::string_view{meter.region});
  statement.bind(3, std::string_view{meter.area});
  statement.bind(4, std::string_view{meter.dwelling_type});
  statement.bind(5, epoch_seconds(meter.registered_at));
  statement.bind(6, std::string_view{meter.serial});
  statement.bind(7, meter.register_digits);
}

Result<Meter> select_meter(SqliteConnection& connection, MeterId id) {
  auto select = connection.prepare(kSelectMeter);
  if (!select) return select.error();
  select->bind(1, std::int64_t{id.number()});
  const auto found = select->step();
  if (!found) return found.error();
  if (!*found) return Error{Errc::not_found, fmt::format("there is no meter {}", id.text())};
  return meter_of(*select);
}

Result<MeterPage> select_meters(SqliteConnection& connection, const CatalogQuery& query, std::size_t limit) {
  auto select = prepare(connection, query);
  if (!select) return select.error();
  auto meters = collect<Meter>(*select, meter_of);
  if (!meters) return meters.error();
  MeterPage page{std::move(*meters), std::nullopt};
  if (page.meters.size() > limit) {  // one more than asked for: there is a next page
    page.meters.pop_back();
    page.next = page.meters.back().id;
  }
  return page;
}

Result<std::vector<Catalog::Registration>> insert_meters(SqliteConnection& connection, std::span<const Meter> meters) {
  auto insert = connection.prepare(kInsertMeter);
  if (!insert) return insert.error();
  // Ascending ids touch each page once: a million in random order take seven times as long. Stable, so that of two with
  // one id the first is registered.
  std::vector<std::size_t> order(meters.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return meters[i].id; });
  std::vector<Catalog::Registration> results(meters.size());
  for (const std::size_t i : order) {
    bind_meter(*insert, meters[i]);
    if (const Status inserted = insert->run(); !inserted) return inserted.error();
    results[i] = connection.changes() == 1 ? Catalog::Registration::registered : Catalog::Registration::exists;
  }
  return results;
}

Result<Meter> update_meter(SqliteConnection& connection, MeterId id, const MeterPatch& patch) {
  auto meter = select_meter(connection, id);
  if (!meter) return meter;
  Meter patched = apply(patch, std::move(*meter));
  auto update = connection.prepare(kUpdateMeter);
  if (!update) return update.error();
  bind_meter(*update, patched);
  if (const Status updated = update->run(); !updated) return updated.error().during("patch meter " + id.text());
  return patched;
}

}  // namespace

Result<std::vector<Catalog::Registration>> SqliteCatalog::register_meters(std::span<const Meter> meters) {
  auto results = writing([&](SqliteConnection& connection) { return insert_meters(connection, meters); });
  if (!results) return results.error().during("register meters");
  return results;
}

Result<Meter> SqliteCatalog::meter(MeterId id) const {
  return reading([&](SqliteConnection& connection) { return select_meter(connection, id); });
}

Result<MeterPage> SqliteCatalog::meters(const MeterFilter& filter, std::optional<MeterId> after,
                                        std::size_t limit) const {
  MH_CHECK(limit >= 1 && limit <= kMaxPage);
  const CatalogQuery query = meter_query(filter, after, limit + 1);
  return reading([&](SqliteConnection& connection) { return select_meters(connection, query, limit); });
}

Result<Meter> SqliteCatalog::patch_meter(MeterId id, const MeterPatch& patch) {
  return writing([&](SqliteConnection& connection) { return update_meter(connection, id, patch); });
}

Status SqliteCatalog::for_each_meter(const VisitMeter& visit) const {
  return reading([&](SqliteConnection& connection) {
    return for_each_row(connection, kSelectAllMeters, [&](const SqliteStatement& row) -> Status {
      const auto meter = meter_of(row);
      if (!meter) return meter.error();
      return visit(*meter);
    });
  });
}

Result<std::uint64_t> SqliteCatalog::meter_count() const {
  return reading([](SqliteConnection& connection) -> Result<std::uint64_t> {
    const auto count = connection.query_integer(kCountMeters);
    if (!count) return count.error();
    return static_cast<std::uint64_t>(*count);
  });
}

}  // namespace meterhouse

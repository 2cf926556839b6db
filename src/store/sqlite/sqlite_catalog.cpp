#include "store/sqlite/sqlite_catalog.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "store/catalog_query.h"
#include "store/catalog_schema.h"
#include "store/sqlite/meter_row.h"
#include "store/sqlite/migrate.h"

namespace meterhouse {
namespace {

constexpr std::size_t kMaxIdleReaders = 8;

Error closed_error() { return {Errc::unavailable, "the catalog is closed"}; }

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

Result<MeterPage> select_page(SqliteConnection& connection, const MeterQuery& query, std::size_t limit) {
  auto select = connection.prepare(query.sql);
  if (!select) return select.error();
  int parameter = 0;
  for (const auto& value : query.parameters)
    std::visit([&](const auto& bound) { select->bind(++parameter, bound); }, value);
  MeterPage page;
  for (;;) {
    const auto found = select->step();
    if (!found) return found.error();
    if (!*found) return page;
    if (page.meters.size() == limit) {  // one more than asked for: there is a next page
      page.next = page.meters.back().id;
      return page;
    }
    auto meter = meter_of(*select);
    if (!meter) return meter.error();
    page.meters.push_back(std::move(*meter));
  }
}

Status walk(SqliteConnection& connection, const Catalog::VisitMeter& visit) {
  auto select = connection.prepare(kSelectAllMeters);
  if (!select) return select.error();
  for (;;) {
    const auto found = select->step();
    if (!found) return found.error();
    if (!*found) return {};
    const auto meter = meter_of(*select);
    if (!meter) return meter.error();
    if (Status visited = visit(*meter); !visited) return visited;
  }
}

}  // namespace

Result<std::unique_ptr<SqliteCatalog>> SqliteCatalog::open(const std::string& path, const Clock& clock) {
  const auto during = [&](const Error& error) { return error.during(fmt::format("open catalog {}", path)); };
  auto writer = SqliteConnection::open(path, SqliteConnection::Access::write);
  if (!writer) return during(writer.error());
  if (const Status migrated = migrate(**writer, catalog_migrations(), clock); !migrated)
    return during(migrated.error());
  return std::unique_ptr<SqliteCatalog>{new SqliteCatalog{path, std::move(*writer)}};
}

SqliteCatalog::~SqliteCatalog() { (void)close(); }

Result<std::unique_ptr<SqliteConnection>> SqliteCatalog::take_reader() const {
  using Taken = Result<std::unique_ptr<SqliteConnection>>;
  auto idle = readers_.with([](Readers& readers) -> Taken {
    if (readers.closed) return closed_error();
    if (readers.idle.empty()) return nullptr;
    auto reader = std::move(readers.idle.back());
    readers.idle.pop_back();
    return reader;
  });
  if (!idle || *idle != nullptr) return idle;
  return SqliteConnection::open(path_, SqliteConnection::Access::read);
}

void SqliteCatalog::give_back(std::unique_ptr<SqliteConnection> reader) const {
  readers_.with([&](Readers& readers) {
    if (!readers.closed && readers.idle.size() < kMaxIdleReaders) readers.idle.push_back(std::move(reader));
  });
}  // what was not kept is closed here, outside the lock

template <class Read>
auto SqliteCatalog::reading(Read read) const -> decltype(read(std::declval<SqliteConnection&>())) {
  auto reader = take_reader();
  if (!reader) return reader.error();
  auto answer = read(**reader);
  give_back(std::move(*reader));
  return answer;
}

Result<std::vector<Catalog::Registration>> SqliteCatalog::register_meters(std::span<const Meter> meters) {
  std::vector<Registration> results;
  const std::scoped_lock lock{writing_};
  if (writer_ == nullptr) return closed_error();
  if (const Status registered = register_all(*writer_, meters, results); !registered)
    return registered.error().during("register meters");
  return results;
}

Status SqliteCatalog::register_all(SqliteConnection& writer, std::span<const Meter> meters,
                                   std::vector<Registration>& results) {
  auto transaction = SqliteTransaction::begin(writer);
  if (!transaction) return transaction.error();
  auto insert = writer.prepare(kInsertMeter);
  if (!insert) return insert.error();
  // Ascending ids touch each page once: a million in random order take seven times as long. Stable, so that of two with
  // one id the first is registered.
  std::vector<std::size_t> order(meters.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return meters[i].id; });
  results.resize(meters.size());
  for (const std::size_t i : order) {
    bind_meter(*insert, meters[i]);
    if (const Status inserted = insert->run(); !inserted) return inserted;
    results[i] = writer.changes() == 1 ? Registration::registered : Registration::exists;
  }
  return transaction->commit();
}

Result<Meter> SqliteCatalog::meter(MeterId id) const {
  return reading([&](SqliteConnection& connection) { return select_meter(connection, id); });
}

Result<MeterPage> SqliteCatalog::meters(const MeterFilter& filter, std::optional<MeterId> after,
                                        std::size_t limit) const {
  MH_CHECK(limit >= 1 && limit <= kMaxPage);
  const MeterQuery query = meter_query(filter, after, limit + 1);
  return reading([&](SqliteConnection& connection) { return select_page(connection, query, limit); });
}

Result<Meter> SqliteCatalog::patch_meter(MeterId id, const MeterPatch& patch) {
  const std::scoped_lock lock{writing_};
  if (writer_ == nullptr) return closed_error();
  auto transaction = SqliteTransaction::begin(*writer_);
  if (!transaction) return transaction.error();
  auto meter = select_meter(*writer_, id);
  if (!meter) return meter;
  const Meter patched = apply(patch, std::move(*meter));
  {
    auto update = writer_->prepare(kUpdateMeter);
    if (!update) return update.error();
    bind_meter(*update, patched);
    if (const Status updated = update->run(); !updated) return updated.error().during("patch meter " + id.text());
  }
  if (const Status committed = transaction->commit(); !committed) return committed.error();
  return patched;
}

Status SqliteCatalog::for_each_meter(const VisitMeter& visit) const {
  return reading([&](SqliteConnection& connection) { return walk(connection, visit); });
}

Result<std::uint64_t> SqliteCatalog::meter_count() const {
  return reading([](SqliteConnection& connection) -> Result<std::uint64_t> {
    const auto count = connection.query_integer(kCountMeters);
    if (!count) return count.error();
    return static_cast<std::uint64_t>(*count);
  });
}

Status SqliteCatalog::close() {
  const std::scoped_lock lock{writing_};
  if (writer_ == nullptr) return closed_error();
  auto idle = readers_.with([](Readers& readers) {
    readers.closed = true;
    return std::move(readers.idle);
  });
  idle.clear();
  // The log is moved into the database: a clean catalog is one file. A walk that is still under way is not waited for.
  Status closed = writer_->execute("PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE)");
  writer_.reset();
  return closed;
}

}  // namespace meterhouse

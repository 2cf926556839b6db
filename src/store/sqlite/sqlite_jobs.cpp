#include "base/check.h"
#include "store/catalog_query.h"
#include "store/catalog_schema.h"
#include "store/sqlite/job_row.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/sqlite_catalog.h"
#include "store/sqlite/take_ids.h"

namespace meterhouse {
namespace {

std::optional<std::int64_t> seconds_of(const std::optional<Instant>& instant) {
  return instant ? std::optional{epoch_seconds(*instant)} : std::nullopt;
}

Error no_run(std::int64_t id) { return {Errc::not_found, fmt::format("there is no job run {}", id)}; }

Status insert_run(SqliteConnection& connection, std::int64_t id, const JobRun& run) {
  auto insert = connection.prepare(kInsertRun);
  if (!insert) return insert.error();
  insert->bind(1, id);
  insert->bind(2, std::string_view{run.job});
  insert->bind(3, run.day ? std::optional{day_number(*run.day)} : std::nullopt);
  insert->bind(4, std::string_view{run.trigger});
  insert->bind(5, to_string(run.state));
  insert->bind(6, epoch_seconds(run.started));
  insert->bind(7, seconds_of(run.ended));
  return insert->run();
}

Status insert_steps(SqliteConnection& connection, std::int64_t id, const std::vector<JobStep>& steps) {
  auto insert = connection.prepare(kInsertStep);
  if (!insert) return insert.error();
  std::int64_t number = 0;
  for (const JobStep& step : steps) {
    insert->bind(1, id);
    insert->bind(2, number++);
    insert->bind(3, std::string_view{step.name});
    insert->bind(4, to_string(step.state));
    insert->bind(5, seconds_of(step.started));
    insert->bind(6, seconds_of(step.ended));
    insert->bind(7, step.duration_ms);
    insert->bind_real(8, step.progress);
    insert->bind(9, std::string_view{step.outcome});
    if (const Status inserted = insert->run(); !inserted) return inserted;
  }
  return {};
}

Status update_run(SqliteConnection& connection, const JobRun& run) {
  auto update = connection.prepare(kUpdateRun);
  if (!update) return update.error();
  update->bind(1, run.id);
  update->bind(2, to_string(run.state));
  update->bind(3, seconds_of(run.ended));
  if (const Status updated = update->run(); !updated) return updated;
  return connection.changes() == 1 ? Status{} : no_run(run.id);
}

Status delete_steps(SqliteConnection& connection, std::int64_t id) {
  auto remove = connection.prepare(kDeleteSteps);
  if (!remove) return remove.error();
  remove->bind(1, id);
  return remove->run();
}

Status read_steps(SqliteConnection& connection, JobRun& run) {
  auto select = connection.prepare(kSelectSteps);
  if (!select) return select.error();
  select->bind(1, run.id);
  auto steps = collect<JobStep>(*select, step_of);
  if (!steps) return steps.error();
  run.steps = std::move(*steps);
  return {};
}

// The runs of a query, without their steps.
Result<std::vector<JobRun>> select_runs(SqliteConnection& connection, const CatalogQuery& query) {
  auto select = prepare(connection, query);
  if (!select) return select.error();
  return collect<JobRun>(*select, run_of);
}

Result<JobRunPage> select_page(SqliteConnection& connection, const CatalogQuery& query, std::size_t limit) {
  auto runs = select_runs(connection, query);
  if (!runs) return runs.error();
  JobRunPage page{std::move(*runs), std::nullopt};
  if (page.runs.size() > limit) {  // one more than asked for: there is a next page
    page.runs.pop_back();
    page.next = page.runs.back().id;
  }
  for (JobRun& run : page.runs)
    if (const Status read = read_steps(connection, run); !read) return read.error();
  return page;
}

}  // namespace

Result<std::int64_t> SqliteCatalog::begin_job_run(const JobRun& run) {
  auto begun = writing([&](SqliteConnection& connection) -> Result<std::int64_t> {
    const auto id = take_ids(connection, kJobRunCounter, 1);
    if (!id) return id;
    if (const Status inserted = insert_run(connection, *id, run); !inserted) return inserted.error();
    if (const Status inserted = insert_steps(connection, *id, run.steps); !inserted) return inserted.error();
    return id;
  });
  if (!begun) return begun.error().during(fmt::format("begin a run of job {}", run.job));
  return begun;
}

Status SqliteCatalog::update_job_run(const JobRun& run) {
  return writing([&](SqliteConnection& connection) -> Status {
    if (Status updated = update_run(connection, run); !updated) return updated;
    if (Status deleted = delete_steps(connection, run.id); !deleted) return deleted;
    return insert_steps(connection, run.id, run.steps);
  });
}

Result<JobRun> SqliteCatalog::job_run(std::int64_t id) const {
  return reading([&](SqliteConnection& connection) -> Result<JobRun> {
    auto runs = select_runs(connection, {kSelectRun, {id}});
    if (!runs) return runs.error();
    if (runs->empty()) return no_run(id);
    if (const Status read = read_steps(connection, runs->front()); !read) return read.error();
    return std::move(runs->front());
  });
}

Result<JobRunPage> SqliteCatalog::job_runs(const JobRunFilter& filter, std::optional<std::int64_t> before,
                                           std::size_t limit) const {
  MH_CHECK(limit >= 1 && limit <= kMaxRunsPerPage);
  const CatalogQuery query = job_run_query(filter, before, limit + 1);
  return reading([&](SqliteConnection& connection) { return select_page(connection, query, limit); });
}

}  // namespace meterhouse

#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "store/catalog.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/log_check.h"

namespace meterhouse {

// The catalog in one SQLite file with its write-ahead log beside it. One connection writes, one call at a time; any
// number read meanwhile, each call from the state that was committed when it began.
//   source  docs/formats/catalog.md
class SqliteCatalog final : public Catalog {
 public:
  // Opens the database, makes it where there is none, and brings an older schema up to date.
  //   path    of the file; its directory exists. The files path-wal and path-shm belong to it
  //   clock   tells when a step of the schema was applied; only during the call
  //   errors  corruption: damaged, or no catalog of Meterhouse;
  //           unavailable: a newer program wrote it, or another process holds its lock;
  //           io, no_space
  static Result<std::unique_ptr<SqliteCatalog>> open(const std::string& path, const Clock& clock);
  ~SqliteCatalog() override;

  // What opening found at the end of the log, and did without.
  const std::optional<TornLog>& torn_log() const { return torn_log_; }

  // sqlite_meters.cpp
  Result<std::vector<Registration>> register_meters(std::span<const Meter> meters) override;
  Result<Meter> meter(MeterId id) const override;
  Result<MeterPage> meters(const MeterFilter& filter, std::optional<MeterId> after, std::size_t limit) const override;
  Result<Meter> patch_meter(MeterId id, const MeterPatch& patch) override;
  Status for_each_meter(const VisitMeter& visit) const override;
  Result<std::uint64_t> meter_count() const override;

  // sqlite_events.cpp
  Result<std::vector<Event>> add_events(std::vector<Event> events) override;
  Result<EventPage> events(const EventFilter& filter, EventOrder order, std::optional<std::int64_t> cursor,
                           std::size_t limit) const override;
  Result<std::uint64_t> drop_events(Instant before, std::uint64_t newest_kept) override;

  // sqlite_jobs.cpp
  Result<std::int64_t> begin_job_run(const JobRun& run) override;
  Status update_job_run(const JobRun& run) override;
  Result<JobRun> job_run(std::int64_t id) const override;
  Result<JobRunPage> job_runs(const JobRunFilter& filter, std::optional<std::int64_t> before,
                              std::size_t limit) const override;

  // sqlite_days.cpp
  Status touch_days(std::span<const date::local_days> days, std::uint64_t sequence) override;
  Status touch_known_days(date::local_days first, date::local_days last, std::uint64_t sequence) override;
  Result<std::vector<TouchedDay>> touched_days(date::local_days from, date::local_days until,
                                               std::size_t limit) const override;
  Status forget_touches(date::local_days day, std::uint64_t sequence) override;
  Status close_day(const ClosedDay& closed, std::span<const DayTotal> totals) override;
  Result<std::optional<ClosedDay>> closed_day(date::local_days day) const override;
  Result<std::vector<ClosedDay>> closed_days(date::local_days from, date::local_days to,
                                             std::size_t limit) const override;
  Result<std::optional<ClosedDay>> newest_closed_day() const override;
  Result<std::vector<DayTotal>> day_totals(date::local_days day) const override;

  Result<std::optional<std::string>> state(std::string_view name) const override;
  Status set_state(std::string_view name, std::string_view value) override;
  Status clear_state(std::string_view name) override;
  Status copy_to(const std::string& path) const override;
  // Walks that are under way end by themselves; the last of them lets go of the file.
  Status close() override;

 private:
  struct Readers {
    std::vector<std::unique_ptr<SqliteConnection>> idle;
    bool closed = false;
  };

  SqliteCatalog(std::string path, std::unique_ptr<SqliteConnection> writer)
      : path_(std::move(path)), writer_(std::move(writer)) {}
  Result<std::unique_ptr<SqliteConnection>> take_reader() const;
  void give_back(std::unique_ptr<SqliteConnection> reader) const;

  // read(connection) on a connection that nobody else uses.
  template <class Read>
  auto reading(Read read) const -> decltype(read(std::declval<SqliteConnection&>())) {
    auto reader = take_reader();
    if (!reader) return reader.error();
    auto answer = read(**reader);
    give_back(std::move(*reader));
    return answer;
  }

  // change(connection) in one transaction, committed where it succeeds and undone where it does not.
  template <class Change>
  auto writing(Change change) -> decltype(change(std::declval<SqliteConnection&>())) {
    const std::scoped_lock lock{writing_};
    if (writer_ == nullptr) return Error{Errc::unavailable, "the catalog is closed"};
    auto transaction = SqliteTransaction::begin(*writer_);
    if (!transaction) return transaction.error();
    auto answer = change(*writer_);
    if (!answer) return answer;
    if (const Status committed = transaction->commit(); !committed) return committed.error();
    return answer;
  }

  std::string path_;
  std::optional<TornLog> torn_log_;
  std::mutex writing_;  // held across the disk: SQLite has one writer, and a second one waits here
  std::unique_ptr<SqliteConnection> writer_;  // under writing_; null once closed
  mutable Guarded<Readers> readers_;
};

}  // namespace meterhouse

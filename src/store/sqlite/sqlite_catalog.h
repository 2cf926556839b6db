#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "store/catalog.h"
#include "store/sqlite/connection.h"

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

  Result<std::vector<Registration>> register_meters(std::span<const Meter> meters) override;
  Result<Meter> meter(MeterId id) const override;
  Result<MeterPage> meters(const MeterFilter& filter, std::optional<MeterId> after, std::size_t limit) const override;
  Result<Meter> patch_meter(MeterId id, const MeterPatch& patch) override;
  Status for_each_meter(const VisitMeter& visit) const override;
  Result<std::uint64_t> meter_count() const override;
  // Walks that are under way end by themselves; the last of them lets go of the file.
  Status close() override;

 private:
  struct Readers {
    std::vector<std::unique_ptr<SqliteConnection>> idle;
    bool closed = false;
  };

  SqliteCatalog(std::string path, std::unique_ptr<SqliteConnection> writer)
      : path_(std::move(path)), writer_(std::move(writer)) {}
  Status register_all(SqliteConnection& writer, std::span<const Meter> meters, std::vector<Registration>& results);
  Result<std::unique_ptr<SqliteConnection>> take_reader() const;
  void give_back(std::unique_ptr<SqliteConnection> reader) const;
  // read(connection) on a connection that nobody else uses.
  template <class Read>
  auto reading(Read read) const -> decltype(read(std::declval<SqliteConnection&>()));

  std::string path_;
  std::mutex writing_;  // held across the disk: SQLite has one writer, and a second one waits here
  std::unique_ptr<SqliteConnection> writer_;  // under writing_; null once closed
  mutable Guarded<Readers> readers_;
};

}  // namespace meterhouse

#include "cli/directory_digests.h"

#include "cli/data_directory.h"
#include "store/embedded/directory_snapshot.h"
#include "store/embedded/snapshot_digest.h"
#include "store/sqlite/verify_catalog.h"

namespace meterhouse::cli {

Result<Digest> digest_of_meters_in(const std::string& catalog, std::span<const std::string> changes) {
  const auto walk = [&](const MeterCatalog::VisitMeter& visit) -> Status {
    Status visited;
    const auto report = verify_catalog(catalog, [&](const Meter& meter) {
      if (visited) visited = visit(meter);
    });
    if (!report) return report.error();
    if (!report->sound()) return Error{Errc::corruption, report->damages.front()};
    return visited;
  };
  return digest_of_meters(walk, changes);
}

Result<Digests> digests_of_directory(FileSystem& files, const std::string& directory) {
  const auto snapshot = snapshot_at_rest(files, directory, Instant{});
  if (!snapshot) return snapshot.error();
  std::vector<std::string> changes;
  const auto readings = digest_of(*snapshot, [&](std::string_view change) {
    changes.emplace_back(change);
    return Status{};
  });
  if (!readings) return readings.error();
  const auto meters = digest_of_meters_in(catalog_path(directory), changes);
  if (!meters) return meters.error();
  return Digests{.readings = *readings, .meters = *meters, .bills = {}};
}

}  // namespace meterhouse::cli

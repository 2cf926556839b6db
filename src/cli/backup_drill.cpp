#include "cli/backup_drill.h"

#include <boost/json.hpp>

#include "cli/command.h"
#include "cli/data_directory.h"
#include "cli/directory_digests.h"
#include "cli/progress.h"
#include "cli/restored_directory.h"
#include "service/backup/drill.h"
#include "service/jobs/retention.h"
#include "store/embedded/directory_snapshot.h"
#include "store/embedded/embedded_replay.h"
#include "store/sqlite/sqlite_catalog.h"

namespace meterhouse::cli {
namespace {

constexpr const char* kHelp = R"(Examples:
  meterhouse backup drill --to /mnt/backups/meterhouse --data data
  meterhouse backup drill --to /mnt/backups/meterhouse --data data --in /mnt/scratch

Restores the newest backup, and behind it what the shipped journal holds, into a directory that is removed again, and
compares the digests of what was restored with those of the data directory. Where the frames since the backup were not
shipped, what was restored is compared with the digests that were taken when the backup was made. What came of it, and the time
it took, is kept beside the backups: `meterhouse backup list` tells it.
A server that holds the data directory drills by itself, while it runs: `meterhouse job drill`.
Exit codes: 0 passed, 1 not passed or it could not be tried, 2 wrong options.)";

struct Options {
  std::string to;
  std::string data = "data";
  std::string inside;
  bool json = false;
};

Result<std::optional<Instant>> months_dropped_there(const std::string& data, const Clock& clock) {
  const auto catalog = SqliteCatalog::open(catalog_path(data), clock);
  if (!catalog) return catalog.error();
  auto dropped = months_dropped(**catalog);
  if (const Status closed = (*catalog)->close(); !closed) return closed.error();
  return dropped;
}

// The store at rest, which is behind its newest frame as long as the lock is held.
Result<StoreMoment> moment_of(FileSystem& files, const std::string& data, const Clock& clock) {
  const auto snapshot = snapshot_at_rest(files, data, clock.now());
  if (!snapshot) return snapshot.error().during("`meterhouse verify` tells more");
  const auto digests = digests_of_directory(files, data);
  if (!digests) return digests.error().during("`meterhouse verify` tells more");
  const auto dropped = months_dropped_there(data, clock);
  if (!dropped) return dropped.error();
  return StoreMoment{.sequence = snapshot->sequence,
                     .meters = digests->meters,
                     .readings = [readings = digests->readings] { return Result<Digest>{readings}; },
                     .months_dropped = *dropped};
}

Result<DrillRecord> run_drill(FileSystem& files, const Options& options) {
  const auto lock = lock_at_rest(files, options.data, "let it drill by itself (meterhouse job drill)");
  if (!lock) return lock.error();
  const SystemClock clock;
  const auto store = read_store_id(files, options.data);
  if (!store) return store.error();
  BackupDirectory backups{files, clock, options.to};
  Progress progress{"bytes", 0};
  return drill({.files = files,
                .clock = clock,
                .backups = backups,
                .store = store->value_or(StoreId{}),
                .inside = options.inside,
                .live = [&] { return moment_of(files, options.data, clock); },
                .replay = replay_frames_into,
                .settle = settle_restored,
                .digests_of_directory = [&](const std::string& path) { return digests_of_directory(files, path); },
                .free_bytes = free_bytes},
               [&](std::uint64_t done, std::uint64_t) { return progress.update(done), true; });
}

int run(const Options& options) {
  const auto record = run_drill(posix_file_system(), options);
  if (!record) return report("backup drill", record.error());
  if (options.json)
    fmt::print("{}\n", boost::json::serialize(drill_json(*record)));
  else
    fmt::print("{}\n", drill_text(*record));
  return record->passed ? kExitOk : kExitFailed;
}

}  // namespace

boost::json::object drill_json(const DrillRecord& record) {
  return {{"passed", record.passed},
          {"backup", record.backup},
          {"started", utc_text(record.started)},
          {"duration_ms", record.duration_ms},
          {"outcome", record.outcome}};
}

std::string drill_text(const DrillRecord& record) {
  return fmt::format("drill of {}: {} in {:.1f} s: {}", utc_text(record.started),
                     record.passed ? "passed" : "NOT PASSED", static_cast<double>(record.duration_ms) / 1'000,
                     record.outcome);
}

void add_backup_drill(CLI::App& backup, int& exit_code) {
  auto* command = backup.add_subcommand("drill", "Restore the newest backup, compare it with the store, remove it");
  const auto options = std::make_shared<Options>();  // shared with the callback, which outlives this function
  command->add_option("--to", options->to, "The directory of the backups")->required();
  command->add_option("--data", options->data, "The data directory")->capture_default_str();
  command->add_option("--in", options->inside, "A directory to restore in (default: that of the backups)");
  command->add_flag("--json", options->json, "Print the outcome as JSON");
  command->footer(kHelp);
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace meterhouse::cli

#include "cli/backup.h"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "base/clock.h"
#include "cli/backup_drill.h"
#include "cli/command.h"
#include "cli/data_directory.h"
#include "cli/directory_digests.h"
#include "cli/new_store_id.h"
#include "cli/progress.h"
#include "service/backup/backup_directory.h"
#include "store/embedded/directory_snapshot.h"
#include "store/embedded/snapshot_digest.h"
#include "store/sqlite/sqlite_catalog.h"

namespace meterhouse::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  meterhouse backup create --data data --to /mnt/backups/meterhouse
  meterhouse backup list --to /mnt/backups/meterhouse
  meterhouse backup verify --to /mnt/backups/meterhouse
  meterhouse backup prune --to /mnt/backups/meterhouse --keep 7 --keep-days 30
  meterhouse backup drill --to /mnt/backups/meterhouse --data data

A backup is whole by itself; what earlier ones have is not copied again. `meterhouse restore` makes a data directory of it.)";

constexpr const char* kCreateHelp = R"(Examples:
  meterhouse backup create --data data --to /mnt/backups/meterhouse
  meterhouse backup create --data data --to /mnt/backups/meterhouse --reread

For a data directory that no server holds. Segments that an earlier backup has are not copied again; with --reread they are
read, and those damaged there are copied anew. Killed at any point it harms no backup; the next run removes what it left.
Exit codes: 0 done, 1 failed, 2 wrong options.)";

constexpr const char* kListHelp = R"(Examples:
  meterhouse backup list --to /mnt/backups/meterhouse --json

Looks whether every file of each backup is there in its size; `meterhouse backup verify` reads them. Tells what came of the
last drill, too.
Exit codes: 0 all whole, 1 one is damaged or it failed, 2 wrong options.)";

constexpr const char* kVerifyHelp = R"(Examples:
  meterhouse backup verify --to /mnt/backups/meterhouse
  meterhouse backup verify --to /mnt/backups/meterhouse --backup backup-20250220T103000Z

Reads every byte of every backup and of the shipped journal, and compares every checksum. Each damage is a line that names
the file. A damaged segment that the data directory still has is copied again by `meterhouse backup create --reread`.
Exit codes: 0 sound, 1 damage was found or it could not be read, 2 wrong options.)";

constexpr const char* kPruneHelp = R"(Examples:
  meterhouse backup prune --to /mnt/backups/meterhouse --keep 7
  meterhouse backup prune --to /mnt/backups/meterhouse --keep 1 --keep-days 30

Keeps the newest --keep backups and those of the last --keep-days days, and removes the others, with the segments and pieces
of the shipped journal that none needs any more. Before one is removed the newest is read: a sound one always stays. Damaged
ones stay, too, until you remove them. A server prunes by itself, and by days: `backups_kept` in its configuration.
Exit codes: 0 done, 1 failed, 2 wrong options.)";

struct Options {
  std::string to;
  std::string data = "data";
  std::string backup;
  bool reread = false;
  bool json = false;
  std::optional<std::size_t> keep;
  std::optional<std::int64_t> keep_days;
};

ByteProgress bar(Progress& progress) {
  return [&progress](std::uint64_t done, std::uint64_t) { return progress.update(done), true; };
}

void print_json(const boost::json::value& value) { fmt::print("{}\n", boost::json::serialize(value)); }

boost::json::array names_json(const std::vector<std::string>& names) {
  boost::json::array out(names.begin(), names.end());
  return out;
}

// create -------------------------------------------------------------------------------------------------------------

Result<CreatedBackup> create(FileSystem& files, const Options& options) {
  const auto lock =
      lock_at_rest(files, options.data, "ask it for the backup (curl -X POST http://127.0.0.1:8050/api/v1/backups)");
  if (!lock) return lock.error();
  const SystemClock clock;
  const auto store = read_or_make_store_id(files, options.data, new_store_id);
  if (!store) return store.error();
  const auto snapshot = snapshot_at_rest(files, options.data, clock.now());
  if (!snapshot) return snapshot.error().during("`meterhouse verify` tells more");
  const auto there = files.exists(catalog_path(options.data));
  if (!there) return there.error();
  if (!*there) return Error{Errc::corruption, fmt::format("{} is missing", catalog_path(options.data))};
  const auto catalog = SqliteCatalog::open(catalog_path(options.data), clock);
  if (!catalog) return catalog.error();
  const auto meters = (*catalog)->meter_count();
  if (!meters) return meters.error();

  // Of a damaged store whatever there is is backed up, without one.
  std::vector<std::string> changes;
  const auto digest =
      digest_of(*snapshot, [&changes](std::string_view change) { return changes.emplace_back(change), Status{}; });

  std::uint64_t total = 0;
  for (const SnapshotFile& file : snapshot->files) total += file.size_bytes;
  Progress progress{"bytes", total};
  BackupDirectory backups{files, clock, options.to};
  BackupSource source{.snapshot = *snapshot,
                      .store = *store,
                      .copy_catalog = [&](const std::string& path) { return (*catalog)->copy_to(path); },
                      .meters = *meters};
  if (digest) {
    source.digest = digest->hex();
    source.meters_digest = [&](const std::string& copy) { return digest_of_meters_in(copy, changes); };
  }
  auto made = backups.create(source, options.reread ? SharedFiles::reread : SharedFiles::trust, bar(progress));
  if (!made) return made.error();
  if (const Status closed = (*catalog)->close(); !closed) return closed.error();
  return made;
}

int run_create(const Options& options) {
  const auto made = create(posix_file_system(), options);
  if (!made) return report("backup create", made.error());
  const BackupManifest& manifest = made->manifest;
  if (options.json)
    print_json(boost::json::object{{"name", manifest.name},
                                   {"sequence", manifest.sequence},
                                   {"meters", manifest.meters},
                                   {"bytes", manifest.bytes()},
                                   {"copied_files", made->copied_files},
                                   {"copied_bytes", made->copied_bytes},
                                   {"shared_files", made->shared_files}});
  else
    fmt::print("{}: {}, {}; {} of {} copied, {} shared with earlier backups\n", manifest.name,
               counted(manifest.files.size(), "file"), counted(manifest.bytes(), "byte"),
               counted(made->copied_files, "file"), counted(made->copied_bytes, "byte"),
               with_spaces(made->shared_files));
  return kExitOk;
}

// list ---------------------------------------------------------------------------------------------------------------

boost::json::object listed_json(const ListedBackup& backup) {
  boost::json::object out{{"name", backup.name}, {"whole", backup.damage.empty()}};
  if (!backup.damage.empty()) out["damage"] = backup.damage;
  if (!backup.manifest) return out;
  const BackupManifest& manifest = *backup.manifest;
  out["started"] = utc_text(manifest.started);
  out["finished"] = utc_text(manifest.finished);
  out["sequence"] = manifest.sequence;
  out["meters"] = manifest.meters;
  out["files"] = manifest.files.size();
  out["bytes"] = manifest.bytes();
  if (manifest.digest) out["digest"] = *manifest.digest;
  return out;
}

int run_list(const Options& options) {
  const SystemClock clock;
  const auto backups = BackupDirectory{posix_file_system(), clock, options.to}.list();
  if (!backups) return report("backup list", backups.error());
  const auto drill = read_drill_record(posix_file_system(), options.to);
  boost::json::array out;
  bool whole = drill.has_value();
  for (const ListedBackup& backup : *backups) {
    whole = whole && backup.damage.empty();
    if (options.json)
      out.push_back(listed_json(backup));
    else if (!backup.damage.empty())
      fmt::print("{}  DAMAGED {}\n", backup.name, backup.damage);
    else
      fmt::print("{}  finished {}, {}, {}, {}\n", backup.name, utc_text(backup.manifest->finished),
                 counted(backup.manifest->meters, "meter"), counted(backup.manifest->files.size(), "file"),
                 counted(backup.manifest->bytes(), "byte"));
  }
  if (options.json)
    print_json(
        boost::json::object{{"backups", std::move(out)},
                            {"last_drill", drill && *drill ? boost::json::value(drill_json(**drill)) : nullptr}});
  else if (backups->empty())
    fmt::print("no backups\n");
  if (!drill) return report("backup list", drill.error());
  if (!options.json && *drill) fmt::print("last {}\n", drill_text(**drill));
  return whole ? kExitOk : kExitFailed;
}

// verify -------------------------------------------------------------------------------------------------------------

void print_check(const BackupCheck& check) {
  for (const CheckedBackup& backup : check.backups) {
    fmt::print("{}: {}\n", backup.name, backup.damages.empty() ? "sound" : "DAMAGED");
    for (const std::string& damage : backup.damages) fmt::print("DAMAGE {}\n", damage);
  }
  for (const std::string& damage : check.damages) fmt::print("DAMAGE {}\n", damage);
  for (const std::string& note : check.notes) fmt::print("shipped journal: {}\n", note);
  fmt::print("{}, {}, {} of the shipped journal, {} read: {}\n", counted(check.backups.size(), "backup"),
             counted(check.files, "file"), counted(check.pieces, "piece"), counted(check.bytes, "byte"),
             check.sound() ? "sound" : "damaged");
}

boost::json::object check_json(const BackupCheck& check) {
  boost::json::array backups;
  for (const CheckedBackup& backup : check.backups)
    backups.push_back(boost::json::object{
        {"name", backup.name}, {"sound", backup.damages.empty()}, {"damages", names_json(backup.damages)}});
  return {{"sound", check.sound()},
          {"backups", std::move(backups)},
          {"damages", names_json(check.damages)},
          {"notes", names_json(check.notes)},
          {"files", check.files},
          {"pieces", check.pieces},
          {"bytes", check.bytes}};
}

int run_verify(const Options& options) {
  const SystemClock clock;
  const BackupDirectory backups{posix_file_system(), clock, options.to};
  const auto check = [&] {
    Progress progress{"bytes read", 0};
    return options.backup.empty() ? backups.verify(bar(progress)) : backups.verify(options.backup, bar(progress));
  }();
  if (!check) return report("backup verify", check.error());
  if (options.json)
    print_json(check_json(*check));
  else
    print_check(*check);
  if (check->backups.empty())  // a disk that is not mounted, maybe
    return report("backup verify", {Errc::not_found, options.to + ": there is no backup"});
  return check->sound() ? kExitOk : kExitFailed;
}

// prune --------------------------------------------------------------------------------------------------------------

int run_prune(const Options& options) {
  if (!options.keep && !options.keep_days)
    return report("backup prune", {Errc::invalid_argument, "say what to keep: --keep N, --keep-days N, or both"});
  const SystemClock clock;
  KeepRule rule{.newest = options.keep, .since = std::nullopt};
  if (options.keep_days) rule.since = clock.now() - date::days{*options.keep_days};
  const auto pruned = [&] {
    Progress progress{"bytes read", 0};
    return BackupDirectory{posix_file_system(), clock, options.to}.prune(rule, bar(progress));
  }();
  if (!pruned) return report("backup prune", pruned.error());
  if (options.json) {
    print_json(boost::json::object{{"removed", names_json(pruned->removed)},
                                   {"kept", names_json(pruned->kept)},
                                   {"damaged", names_json(pruned->damaged)},
                                   {"removed_files", pruned->removed_files},
                                   {"removed_bytes", pruned->removed_bytes}});
    return kExitOk;
  }
  for (const std::string& name : pruned->removed) fmt::print("removed {}\n", name);
  for (const std::string& name : pruned->damaged) fmt::print("damaged, left as it is: {}\n", name);
  fmt::print("{} kept, {} removed; {} of {} that no backup needs removed\n", counted(pruned->kept.size(), "backup"),
             with_spaces(pruned->removed.size()), counted(pruned->removed_files, "file"),
             counted(pruned->removed_bytes, "byte"));
  return kExitOk;
}

// --------------------------------------------------------------------------------------------------------------------

CLI::App* add_one(CLI::App& backup, const char* name, const char* what, const char* help,
                  const std::shared_ptr<Options>& options, int& exit_code, int (*run)(const Options&)) {
  auto* command = backup.add_subcommand(name, what);
  command->add_option("--to", options->to, "The directory of the backups")->required();
  command->add_flag("--json", options->json, "Print the outcome as JSON");
  command->footer(help);
  command->callback([options, &exit_code, run] { exit_code = run(*options); });
  return command;
}

}  // namespace

void add_backup(CLI::App& app, int& exit_code) {
  auto* backup = app.add_subcommand("backup", "Make, list, check, try and remove backups of a data directory");
  backup->require_subcommand(1);
  backup->footer(kExamples);
  const auto options = std::make_shared<Options>();  // shared with the callbacks, which outlive this function
  auto* create = add_one(*backup, "create", "Back up a data directory that no server holds", kCreateHelp, options,
                         exit_code, run_create);
  create->add_option("--data", options->data, "The data directory")->capture_default_str();
  create->add_flag("--reread", options->reread, "Read the segments of earlier backups, and copy damaged ones again");
  add_one(*backup, "list", "List the backups, damaged ones too", kListHelp, options, exit_code, run_list);
  auto* verify =
      add_one(*backup, "verify", "Read every byte of the backups", kVerifyHelp, options, exit_code, run_verify);
  verify->add_option("--backup", options->backup, "Only this one");
  auto* prune = add_one(*backup, "prune", "Remove old backups", kPruneHelp, options, exit_code, run_prune);
  prune->add_option("--keep", options->keep, "Keep the newest so many")->check(CLI::Range(1, 1'000'000));
  prune->add_option("--keep-days", options->keep_days, "Keep those of the last so many days")
      ->check(CLI::Range(0, 100'000));
  add_backup_drill(*backup, exit_code);
}

}  // namespace meterhouse::cli

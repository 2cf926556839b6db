#include "cli/verify.h"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <filesystem>

#include "base/file_system.h"
#include "cli/command.h"
#include "cli/data_directory.h"
#include "cli/directory_digests.h"
#include "cli/progress.h"
#include "cli/read_counter.h"
#include "service/backup/restore_marker.h"
#include "service/backup/store_id.h"
#include "service/catalog_change.h"
#include "service/unregistered.h"
#include "store/embedded/store_lock.h"
#include "store/embedded/verify.h"
#include "store/sqlite/verify_catalog.h"

namespace meterhouse::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  meterhouse verify data
  meterhouse verify data --json
  meterhouse verify data --digest

Reads every byte of journal, segments, manifest and catalog, checks every checksum and rule, and changes nothing. Each damage
is one line that names the file, the offset and, where it is known, the meter. Meters that have readings but are not in the
catalog are counted and the first named (all of them with --json). No server may hold the directory.
--digest also tells one number each for all readings, meters and bills, as GET /api/v1/digest does: equal for the same data
after a restart, a restore, a fold, an export and import. What is pending is not in it.
Exit codes: 0 sound, 1 damage was found or it could not be read, 2 wrong options.)";

struct Options {
  std::string directory;
  bool digest = false;
  bool json = false;
};

struct Findings {
  VerifyReport readings;
  CatalogReport catalog;
  UnregisteredMeters unregistered;
  std::uint64_t bytes = 0;  // read
  std::optional<Result<Digests>> digests = {};

  bool sound() const { return readings.sound() && catalog.sound() && unregistered.none(); }
};

Result<CatalogReport> read_catalog(FileSystem& files, const std::string& path) {
  const auto there = files.exists(path);
  if (!there) return there.error();
  if (*there) return verify_catalog(path);
  CatalogReport missing;
  missing.damages.push_back(fmt::format("{}: missing", path));
  return missing;
}

// How much there is to read.
std::uint64_t bytes_below(const std::string& directory) {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator entry{directory, error}, end; !error && entry != end;
       entry.increment(error)) {
    std::error_code no_file;
    if (const auto size = entry->file_size(no_file); !no_file) bytes += size;
  }
  return bytes;
}

// Every file of the directory, under its lock.
Status read_directory(FileSystem& files, const Options& options, Findings& findings) {
  const std::string& directory = options.directory;
  const auto lock = lock_store(files, directory);
  if (!lock) return lock.error();
  Progress progress{"bytes read", bytes_below(directory)};
  ReadCounter counter{files, [&progress](std::uint64_t bytes) { progress.update(bytes); }};
  std::vector<MeterId> registered;  // by changes that the next start will apply
  VerifyHooks hooks;
  hooks.on_change = [&](std::string_view change) -> Status {
    const auto meters = meters_registered_by(change);
    if (!meters) return meters.error();
    registered.insert(registered.end(), meters->begin(), meters->end());
    return {};
  };
  auto readings = verify_locked_store(counter, directory, hooks);
  if (!readings) return readings.error();
  auto catalog = read_catalog(files, catalog_path(directory));
  if (!catalog) return catalog.error();
  if (const auto id = read_store_id(files, directory); !id) catalog->damages.push_back(id.error().message);
  registered.insert(registered.end(), catalog->meters.begin(), catalog->meters.end());
  std::ranges::sort(registered);
  findings.unregistered = unregistered_among(readings->meters, registered);
  findings.bytes = counter.bytes() + catalog->bytes;
  findings.readings = std::move(*readings);
  findings.catalog = std::move(*catalog);
  if (options.digest) findings.digests = digests_of_directory(counter, directory);
  return {};
}

Result<Findings> verify_directory(FileSystem& files, const Options& options) {
  const std::string& directory = options.directory;
  if (const auto whole = refuse_while_restoring(files, directory); !whole) return whole.error();
  const auto ours = is_data_directory(files, directory);
  if (!ours) return ours.error();
  if (!*ours) return Error{Errc::not_found, fmt::format("{} is no data directory of Meterhouse", directory)};
  Findings findings;
  if (const Status read = read_directory(files, options, findings); !read) return read.error();
  return findings;
}

template <class Torn>
std::string torn_text(const Torn& torn) {
  return fmt::format(
      "{}: offset {}: {} bytes at the journal's end are not complete: a write torn by a crash (never "
      "acknowledged) or damage",
      torn.file, torn.offset, torn.length);
}

// What is wrong, one line each; of a large damage the first.
std::vector<std::string> damages_of(const Findings& findings) {
  std::vector<std::string> damages = findings.catalog.damages;
  damages.insert(damages.end(), findings.readings.damages.begin(), findings.readings.damages.end());
  if (!findings.unregistered.none())
    damages.push_back("the catalog lacks meters that have readings: " + findings.unregistered.text());
  return damages;
}

void print_text(const Findings& findings) {
  const auto& [readings, catalog, unregistered, bytes, digests] = findings;
  fmt::print("catalog: schema {}, {}, {}, {}\n", catalog.schema, counted(catalog.tables, "table"),
             counted(catalog.rows, "row"), counted(catalog.meters.size(), "meter"));
  fmt::print("segments: {}, {}, {}\n", with_spaces(readings.segments), counted(readings.blocks, "block"),
             counted(readings.segment_readings, "reading"));
  fmt::print("journal: {}, {}, {}{}\n", counted(readings.journal_frames, "frame"),
             counted(readings.journal_readings, "record"), counted(readings.journal_changes, "change"),
             readings.clean ? "; closed in good order" : "");
  const auto meters = counted(readings.meters.size(), "meter");
  if (readings.journal_readings == 0)
    fmt::print("together: {} of {}, {} bytes read\n", counted(readings.segment_readings, "reading"), meters,
               with_spaces(bytes));
  else
    fmt::print(
        "together: {} in segments and {} in the journal, of {}, {} bytes read; a record is what arrived: one that "
        "repeats or contradicts a reading is no further reading\n",
        counted(readings.segment_readings, "reading"), counted(readings.journal_readings, "record"), meters,
        with_spaces(bytes));
  if (readings.held)
    fmt::print("pending: {} frames, {} readings, visible when maintenance ends\n", with_spaces(readings.pending_frames),
               with_spaces(readings.pending_readings));
  for (const auto& torn : {readings.torn, readings.pending_torn})
    if (torn) fmt::print("{}\n", torn_text(*torn));
  if (catalog.torn) fmt::print("{}\n", torn_text(*catalog.torn));
  if (digests && *digests)
    fmt::print("digest of the readings {}\ndigest of the meters   {}\ndigest of the bills    {}\n",
               (*digests)->readings.hex(), (*digests)->meters.hex(), (*digests)->bills.hex());
  else if (digests)
    fmt::print("no digest: {}\n", digests->error().message);
  for (const auto& damage : damages_of(findings)) fmt::print("DAMAGE {}\n", damage);
  if (readings.damage_count > readings.damages.size())
    fmt::print("and {} more\n", with_spaces(readings.damage_count - readings.damages.size()));
  fmt::print("{}\n", findings.sound() ? "sound" : "damaged");
}

void print_json(const Findings& findings) {
  const auto& [readings, catalog, unregistered, bytes, digests] = findings;
  const auto listed = damages_of(findings);
  boost::json::array damages(listed.begin(), listed.end());
  boost::json::array lacking;
  for (const MeterId meter : unregistered.meters) lacking.emplace_back(meter.text());
  boost::json::object out{{"sound", findings.sound()},
                          {"clean", readings.clean},
                          {"catalog_schema", catalog.schema},
                          {"catalog_tables", catalog.tables},
                          {"catalog_rows", catalog.rows},
                          {"meters", catalog.meters.size()},
                          {"meters_with_readings", readings.meters.size()},
                          {"segments", readings.segments},
                          {"blocks", readings.blocks},
                          {"segment_readings", readings.segment_readings},
                          {"journal_frames", readings.journal_frames},
                          {"journal_readings", readings.journal_readings},
                          {"journal_changes", readings.journal_changes},
                          {"bytes", bytes},
                          {"damage_count", readings.damage_count + listed.size() - readings.damages.size()},
                          {"damages", damages},
                          {"unregistered_count", lacking.size()},
                          {"unregistered", lacking}};
  out["pending_readings"] = readings.pending_readings;
  if (digests && *digests)
    out["digest"] = boost::json::object{{"readings", (*digests)->readings.hex()},
                                        {"meters", (*digests)->meters.hex()},
                                        {"bills", (*digests)->bills.hex()}};
  if (readings.torn) out["torn"] = torn_text(*readings.torn);
  if (readings.pending_torn) out["pending_torn"] = torn_text(*readings.pending_torn);
  if (catalog.torn) out["catalog_torn"] = torn_text(*catalog.torn);
  fmt::print("{}\n", boost::json::serialize(out));
}

int run(const Options& options) {
  const auto findings = verify_directory(posix_file_system(), options);
  if (!findings) {
    report("verify", findings.error());
    return kExitFailed;
  }
  if (options.json)
    print_json(*findings);
  else
    print_text(*findings);
  const bool told = !findings->digests || findings->digests->has_value();
  return findings->sound() && told ? kExitOk : kExitFailed;
}

}  // namespace

void add_verify(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("verify", "Read everything in a data directory and tell what is damaged");
  const auto options = std::make_shared<Options>();  // shared with the callback, which outlives this function
  command->add_option("directory", options->directory, "Data directory")->required();
  command->add_flag("--digest", options->digest, "Tell the digests of readings, meters and bills");
  command->add_flag("--json", options->json, "Print the findings as JSON");
  command->footer(kExamples);
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace meterhouse::cli

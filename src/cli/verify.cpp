#include "cli/verify.h"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/data_directory.h"
#include "cli/progress.h"
#include "store/embedded/verify.h"
#include "store/sqlite/sqlite_catalog.h"

namespace meterhouse::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  meterhouse verify data
  meterhouse verify data --json

Reads every byte of journal, segments, manifest and catalog, checks every checksum and rule, and changes nothing. Each damage
is one line that names the file, the offset and, where it is known, the meter. No server may hold the directory.
Exit codes: 0 sound, 1 damage was found or it could not be read, 2 wrong options.)";

struct Options {
  std::string directory;
  bool json = false;
};

struct Findings {
  VerifyReport readings;
  std::uint64_t meters = 0;
  std::vector<std::string> catalog_damages;

  bool sound() const { return readings.sound() && catalog_damages.empty(); }
};

Status verify_catalog(const std::string& directory, Findings& findings) {
  const auto path = catalog_path(directory);
  const auto catalog = SqliteCatalog::open(path, SystemClock{});
  const auto checked = catalog ? (*catalog)->verify() : Status{catalog.error()};
  if (!checked) {
    if (checked.error().code != Errc::corruption) return checked;
    findings.catalog_damages.push_back(fmt::format("{}: {}", path, checked.error().message));
    return {};
  }
  const auto meters = (*catalog)->meter_count();
  if (!meters) return meters.error();
  findings.meters = *meters;
  return (*catalog)->close();
}

Result<Findings> verify_directory(const std::string& directory) {
  const auto there = posix_file_system().exists(catalog_path(directory));
  if (!there) return there.error();
  if (!*there) return Error{Errc::not_found, fmt::format("{} is no data directory of Meterhouse", directory)};
  Findings findings;
  Progress progress{"bytes read", 0};
  auto report = verify_store(posix_file_system(), directory,
                             [&](const std::string&, std::uint64_t bytes) { progress.update(bytes); });
  if (!report) return report.error();
  findings.readings = std::move(*report);
  if (const auto status = verify_catalog(directory, findings); !status) return status.error();  // nobody holds it
  return findings;
}

std::string torn_text(const TornFrame& torn) {
  return fmt::format("{}: offset {}: {} bytes of the last frame, torn by a crash, never acknowledged", torn.file,
                     torn.offset, torn.length);
}

void print_text(const Findings& findings) {
  const VerifyReport& readings = findings.readings;
  fmt::print("{} meters in the catalog\n", with_spaces(findings.meters));
  fmt::print("{} segments: {} blocks, {} readings\n", with_spaces(readings.segments), with_spaces(readings.blocks),
             with_spaces(readings.segment_readings));
  fmt::print("journal: {} frames, {} readings, {} changes{}\n", with_spaces(readings.journal_frames),
             with_spaces(readings.journal_readings), with_spaces(readings.journal_changes),
             readings.clean ? "; closed in good order" : "");
  fmt::print("{} bytes read\n", with_spaces(readings.bytes));
  if (readings.torn) fmt::print("{}\n", torn_text(*readings.torn));
  for (const auto& damage : findings.catalog_damages) fmt::print("DAMAGE {}\n", damage);
  for (const auto& damage : readings.damages) fmt::print("DAMAGE {}\n", damage);
  if (readings.damage_count > readings.damages.size())
    fmt::print("and {} more\n", with_spaces(readings.damage_count - readings.damages.size()));
  fmt::print("{}\n", findings.sound() ? "sound" : "damaged");
}

void print_json(const Findings& findings) {
  const VerifyReport& readings = findings.readings;
  boost::json::array damages;
  for (const auto& damage : findings.catalog_damages) damages.emplace_back(damage);
  for (const auto& damage : readings.damages) damages.emplace_back(damage);
  boost::json::object out{{"sound", findings.sound()},
                          {"clean", readings.clean},
                          {"meters", findings.meters},
                          {"segments", readings.segments},
                          {"blocks", readings.blocks},
                          {"segment_readings", readings.segment_readings},
                          {"journal_frames", readings.journal_frames},
                          {"journal_readings", readings.journal_readings},
                          {"journal_changes", readings.journal_changes},
                          {"bytes", readings.bytes},
                          {"damage_count", readings.damage_count + findings.catalog_damages.size()},
                          {"damages", damages}};
  if (readings.torn) out["torn"] = torn_text(*readings.torn);
  fmt::print("{}\n", boost::json::serialize(out));
}

int run(const Options& options) {
  const auto findings = verify_directory(options.directory);
  if (!findings) {
    report("verify", findings.error());
    return kExitFailed;
  }
  if (options.json)
    print_json(*findings);
  else
    print_text(*findings);
  return findings->sound() ? kExitOk : kExitFailed;
}

}  // namespace

void add_verify(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("verify", "Read everything in a data directory and tell what is damaged");
  const auto options = std::make_shared<Options>();  // shared with the callback, which outlives this function
  command->add_option("directory", options->directory, "Data directory")->required();
  command->add_flag("--json", options->json, "Print the findings as JSON");
  command->footer(kExamples);
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace meterhouse::cli

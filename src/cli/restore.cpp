#include "cli/restore.h"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "base/iso8601.h"
#include "cli/command.h"
#include "cli/new_store_id.h"
#include "cli/progress.h"
#include "cli/restored_directory.h"
#include "service/backup/restore.h"
#include "store/embedded/embedded_replay.h"

namespace meterhouse::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  meterhouse restore --from /mnt/backups/meterhouse --to data
  meterhouse restore --from /mnt/backups/meterhouse --to data --at 2025-02-20T14:30:00+08:00
  meterhouse restore --from /mnt/backups/meterhouse --to data --dry-run

Takes the newest backup (with --at: the newest that was finished by then) and puts behind it what the shipped journal holds
(with --at: what had arrived by then). Everything is read and checked first, then what will be done is shown, then it is done;
with --dry-run it is only shown. The target must be new or empty. Interrupted, give the same command again: it goes on where
it was, and until it is done no other command opens the directory. With --at readings and meters are exactly those acknowledged
by then; the rest of the catalog is as of the backup.

A restored directory is a store of its own: its backups go to a directory of their own.
Exit codes: 0 done, 1 failed or the source is damaged (nothing was restored), 2 wrong options or a target that is not empty,
3 done, but frames of the journal were never shipped: the gap is told.)";

struct Options {
  std::string from;
  std::string to;
  std::optional<std::string> at;
  std::optional<std::string> backup;
  bool dry_run = false;
  bool json = false;
};

Result<RestoreRequest> request_of(const Options& options) {
  RestoreRequest request{.from = options.from, .to = options.to};
  while (request.to.size() > 1 && request.to.ends_with('/')) request.to.pop_back();
  while (request.from.size() > 1 && request.from.ends_with('/')) request.from.pop_back();
  request.backup = options.backup;
  if (!options.at) return request;
  const auto written = parse_iso8601(*options.at);
  if (!written) return written.error().during("--at");
  if (!written->offset)
    return Error{Errc::invalid_argument, "--at needs its offset from UTC: 2025-02-20T14:30:00+08:00, or Z"};
  request.at = Instant{written->local.time_since_epoch() - *written->offset};
  return request;
}

void print_stream(const StreamPlan& stream, std::string_view what) {
  if (stream.frames > 0)
    fmt::print("then      {} frames of the shipped journal{}, up to {}\n", with_spaces(stream.frames), what,
               stream.last_arrival ? utc_text(*stream.last_arrival) : fmt::format("frame {}", stream.last_sequence));
  if (stream.later > 0) fmt::print("left out  {} frames{} that arrived later\n", with_spaces(stream.later), what);
  for (const ShippedGap& gap : stream.gaps)
    fmt::print("MISSING   frames {} to {}{} were not shipped\n", gap.first, gap.last, what);
  if (stream.unclosed && stream.unclosed->torn_bytes() > 0)
    fmt::print("torn      {} bytes at the end of {}: a frame that was being shipped\n", stream.unclosed->torn_bytes(),
               stream.unclosed->name);
}

void print_plan(const RestorePlan& plan) {
  const BackupManifest& backup = plan.backup;
  fmt::print("{}{} into {}\n", plan.interrupted ? "goes on to restore " : "restores ", plan.request.from,
             plan.request.to);
  if (plan.request.at) fmt::print("as of     {}\n", utc_text(*plan.request.at));
  fmt::print("first     {}: finished {}, {} meters, {} files, {} bytes\n", backup.name, utc_text(backup.finished),
             with_spaces(backup.meters), with_spaces(backup.files.size()), with_spaces(backup.bytes()));
  print_stream(plan.readings, "");
  print_stream(plan.pending, " (pending)");
  if (plan.readings.frames + plan.pending.frames == 0)
    fmt::print("then      nothing: no frame was shipped behind it\n");
  if (plan.request.at) fmt::print("catalog   readings and meters as of then, the rest as of the backup\n");
  std::fflush(stdout);
}

boost::json::array gaps_json(const RestorePlan& plan) {
  boost::json::array gaps;
  for (const StreamPlan* stream : {&plan.readings, &plan.pending})
    for (const ShippedGap& gap : stream->gaps)
      gaps.push_back(boost::json::object{
          {"stream", stream == &plan.readings ? "readings" : "pending"}, {"first", gap.first}, {"last", gap.last}});
  return gaps;
}

boost::json::object outcome_json(const RestorePlan& plan, const std::optional<RestoreReport>& done) {
  boost::json::object out{{"backup", plan.backup.name},
                          {"finished", utc_text(plan.backup.finished)},
                          {"frames", plan.readings.frames + plan.pending.frames},
                          {"frames_left_out", plan.readings.later + plan.pending.later},
                          {"gaps", gaps_json(plan)},
                          {"restored", done.has_value()}};
  if (!done) return out;
  out["files"] = done->files;
  out["files_kept"] = done->files_kept;
  out["journal_readings"] = done->frames.readings;
  out["journal_changes"] = done->frames.changes;
  out["store_id"] = done->store.hex();
  if (const auto& last = done->frames.last)
    out["last"] = boost::json::object{{"meter_id", last->reading.key().meter().text()},
                                      {"at", utc_text(last->reading.at())},
                                      {"arrived", utc_text(last->arrived)}};
  return out;
}

void print_done(const RestorePlan& plan, const RestoreReport& done, double seconds) {
  fmt::print("done in {:.1f} s: {} files laid down, {} kept; {} readings and {} changes of the shipped journal\n",
             seconds, with_spaces(done.files), with_spaces(done.files_kept), with_spaces(done.frames.readings),
             with_spaces(done.frames.changes));
  if (const auto& last = done.frames.last)
    fmt::print("the last reading restored is of meter {} at {}; it arrived {}\n", last->reading.key().meter().text(),
               utc_text(last->reading.at()), utc_text(last->arrived));
  else
    fmt::print("the last readings restored are those of {}\n", plan.backup.name);
}

int run(const Options& options) {
  FileSystem& files = posix_file_system();
  const auto request = request_of(options);
  if (!request) return report("restore", request.error());
  const auto plan = [&] {
    Progress progress{"bytes checked", 0};
    return plan_restore(files, *request,
                        [&](std::uint64_t done, std::uint64_t) { return progress.update(done), true; });
  }();
  if (!plan) return report("restore", plan.error());
  if (!options.json) print_plan(*plan);
  std::optional<RestoreReport> outcome;
  if (!options.dry_run) {
    double seconds = 0;
    auto done = [&] {
      Progress progress{"bytes", plan->bytes()};
      auto restored = restore(
          files, *plan, replay_frames_into, new_store_id(),
          [&](std::uint64_t bytes, std::uint64_t) { return progress.update(bytes), true; },
          [&] { return settle_restored(*plan); });
      seconds = progress.seconds();
      return restored;
    }();
    if (!done) return report("restore", done.error());
    outcome = std::move(*done);
    if (!options.json) print_done(*plan, *outcome, seconds);
  }
  if (options.json) fmt::print("{}\n", boost::json::serialize(outcome_json(*plan, outcome)));
  return plan->has_gaps() ? kExitPartial : kExitOk;
}

}  // namespace

void add_restore(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("restore", "Make a data directory of a backup and the shipped journal");
  const auto options = std::make_shared<Options>();  // shared with the callback, which outlives this function
  command->add_option("--from", options->from, "The directory of the backups")->required();
  command->add_option("--to", options->to, "The data directory: new, or empty")->required();
  command->add_option("--at", options->at, "The moment to restore, ISO 8601 with offset (default: the newest)");
  command->add_option("--backup", options->backup, "Begin with this backup");
  command->add_flag("--dry-run", options->dry_run, "Only check everything and show what would be done");
  command->add_flag("--json", options->json, "Print the outcome as JSON");
  command->footer(kExamples);
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace meterhouse::cli

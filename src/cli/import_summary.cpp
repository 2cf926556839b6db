#include "cli/import_summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>

#include "base/printable.h"
#include "cli/csv_line.h"
#include "cli/progress.h"
#include "cli/reading_options.h"

namespace meterhouse::cli {
namespace {

// Meters named in a warning; the others are counted.
constexpr std::size_t kMetersNamed = 10;
constexpr std::size_t kRejectBytesShown = 500;

std::string words_of(const RowReject& reject) {
  return fmt::format("{}{}{}", reject.field, reject.field.empty() ? "" : ": ", reject.reason);
}

std::string json_list(const std::vector<std::string>& meters) {
  std::string list;
  for (const auto& meter : meters) list += fmt::format(R"({}"{}")", list.empty() ? "" : ",", meter);
  return list;
}

void print_json(const SummaryForm& form, const ImportSummary& summary) {
  fmt::print(R"({{"dry_run":{},"rows":{},"rejected":{},"readings":{},{},"registered":{},"existed":{},)"
             R"("rejected_meters":{},"incomplete_sums":[{}],"falling_registers":[{}],"seconds":{:.3f}}})"
             "\n",
             form.dry_run, summary.rows, summary.rejected, summary.readings, counts_json(summary.counts),
             summary.meters.registered, summary.meters.existed, summary.rejected_meters, json_list(summary.incomplete),
             json_list(summary.falling), summary.seconds);
}

void print_readings(const SummaryForm& form, const ImportSummary& summary) {
  const auto good = with_spaces(summary.rows - summary.rejected);
  fmt::print("{}: {} rejected, {} ", counted(summary.rows, "row"), with_spaces(summary.rejected), good);
  if (form.dry_run)
    fmt::print("can be read ({}); whether their meters are registered is not checked\n",
               counted(summary.readings, "reading"));
  else
    fmt::print("taken as {}: {}\n", counted(summary.readings, "reading"), counts_text(summary.counts));
}

// "2 meters: 100000001, 100000002", of many the first.
std::string named(const std::vector<std::string>& meters) {
  const auto first = std::span{meters}.first(std::min(kMetersNamed, meters.size()));
  const auto more = meters.size() - first.size();
  return fmt::format("{}: {}{}", counted(meters.size(), "meter"), fmt::join(first, ", "),
                     more > 0 ? fmt::format(" and {} more", with_spaces(more)) : "");
}

// Loud: the registers look as good as any others.
void warn(const ImportSummary& summary) {
  if (!summary.incomplete.empty())
    fmt::print(stderr,
               "meterhouse import: WARNING: rows were rejected within the cumulated rows of {}. Their energy is in "
               "no register: every register after them is too low by it, and what the next row used looks as if spread "
               "over the gap. --dry-run tells this before anything is kept.\n",
               named(summary.incomplete));
  if (!summary.falling.empty())
    fmt::print(stderr,
               "meterhouse import: WARNING: the registers of {} go backwards again and again. Rows that look so are "
               "mostly the consumption of intervals: those are imported with --cumulate START. --dry-run tells this "
               "before anything is kept.\n",
               named(summary.falling));
  if (!summary.steps.empty())
    fmt::print(stderr,
               "meterhouse import: --cumulate START is above the last register before the rows of {}; what lies "
               "between counts as used in the gap: {}\n",
               counted(summary.steps.size(), "channel"), summary.steps.front());
}

}  // namespace

Result<Rejects> Rejects::open(const std::string& path) {
  Rejects rejects;
  if (path.empty()) return rejects;
  auto file = OutputFile::open(path);
  if (!file) return file.error();
  rejects.file_ = std::move(*file);
  if (const auto status = rejects.file_->write("line,field,reason\n"); !status) return status.error();
  return rejects;
}

Status Rejects::add(const RowReject& reject, ImportSummary& summary) {
  ++summary.rejected;
  if (summary.first_reject.empty()) summary.first_reject = fmt::format("line {}: {}", reject.row, words_of(reject));
  return write(reject, reject.reason);
}

Status Rejects::add_meter(const std::string& list, const RowReject& reject, ImportSummary& summary) {
  ++summary.rejected_meters;
  if (summary.first_reject.empty())
    summary.first_reject = fmt::format("{} line {}: {}", list, reject.row, words_of(reject));
  return write(reject, fmt::format("{} (in {})", reject.reason, list));
}

Status Rejects::write(const RowReject& reject, const std::string& reason) {
  if (!file_) return {};
  return file_->write(fmt::format("{},{},{}\n", reject.row, csv_field(reject.field), csv_field(reason)));
}

void print_summary(const SummaryForm& form, const ImportSummary& summary) {
  warn(summary);
  if (form.json) return print_json(form, summary);
  if (form.with_readings) print_readings(form, summary);
  if (const auto conflicts = summary.counts.conflict; conflicts > 0)
    fmt::print("{} {} not kept: another register stands at {}\n", counted(conflicts, "reading"),
               conflicts == 1 ? "was" : "were", conflicts == 1 ? "its instant" : "their instants");
  if (form.dry_run && form.with_list)
    fmt::print("meters: {} rejected, the others can be read; nothing was registered\n",
               with_spaces(summary.rejected_meters));
  else if (form.with_list || summary.meters.registered > 0)
    fmt::print("{} registered, {} already there{}\n", counted(summary.meters.registered, "meter"),
               with_spaces(summary.meters.existed),
               form.with_list ? fmt::format(", {} rejected", with_spaces(summary.rejected_meters)) : "");
  if (!summary.complete())
    fmt::print("the first rejected: {}{}\n", printable(summary.first_reject, kRejectBytesShown),
               form.rejects_listed ? "" : "; --rejects FILE lists all");
}

}  // namespace meterhouse::cli

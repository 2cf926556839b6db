#include "cli/import_summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>

#include "cli/csv_line.h"
#include "cli/printable.h"
#include "cli/progress.h"
#include "cli/reading_options.h"

namespace meterhouse::cli {
namespace {

// Meters named in a warning; the others are counted.
constexpr std::size_t kMetersNamed = 10;
constexpr std::size_t kRejectBytesShown = 500;

std::string counted(std::uint64_t count, std::string_view word) {
  return fmt::format("{} {}{}", with_spaces(count), word, count == 1 ? "" : "s");
}

std::string words_of(const RowReject& reject) {
  return fmt::format("{}{}{}", reject.field, reject.field.empty() ? "" : " ", reject.reason);
}

void print_json(const SummaryForm& form, const ImportSummary& summary) {
  std::string incomplete;
  for (const auto& meter : summary.incomplete)
    incomplete += fmt::format(R"({}"{}")", incomplete.empty() ? "" : ",", meter);
  fmt::print(R"({{"dry_run":{},"rows":{},"rejected":{},"readings":{},{},"registered":{},"existed":{},)"
             R"("rejected_meters":{},"incomplete_sums":[{}],"seconds":{:.3f}}})"
             "\n",
             form.dry_run, summary.rows, summary.rejected, summary.readings, counts_json(summary.counts),
             summary.meters.registered, summary.meters.existed, summary.rejected_meters, incomplete, summary.seconds);
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

// Loud: the registers look as good as any others.
void warn_of_incomplete(const ImportSummary& summary) {
  if (summary.incomplete.empty()) return;
  const auto named = std::span{summary.incomplete}.first(std::min(kMetersNamed, summary.incomplete.size()));
  const auto more = summary.incomplete.size() - named.size();
  fmt::print(stderr,
             "meterhouse import: WARNING: rows were rejected within the cumulated rows of {}: {}{}. Their energy is in "
             "no register: every register after them is too low by it, and what the next row used looks as if spread "
             "over the gap. --dry-run tells this before anything is kept.\n",
             counted(summary.incomplete.size(), "meter"), fmt::join(named, ", "),
             more > 0 ? fmt::format(" and {} more", with_spaces(more)) : "");
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
  warn_of_incomplete(summary);
  if (form.json) return print_json(form, summary);
  if (form.with_readings) print_readings(form, summary);
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

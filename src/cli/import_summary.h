#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/output_file.h"
#include "cli/reading_sink.h"

namespace meterhouse::cli {

// What became of an import.
struct ImportSummary {
  std::uint64_t rows = 0;      // of the file of readings: taken + rejected
  std::uint64_t rejected = 0;  // of these rows
  std::uint64_t readings = 0;  // of the rows taken; --cumulate makes one more for each channel
  AppendCounts counts;         // of the readings
  std::string first_reject;    // of all, meters included
  MeterCounts meters;
  std::uint64_t rejected_meters = 0;    // lines of the list of meters
  std::vector<std::string> incomplete;  // meters whose cumulated registers lack rejected rows
  std::vector<std::string> falling;     // meters whose registers go backwards again and again in the file
  std::vector<std::string> steps;  // energy that --cumulate START adds between a meter's last register and the file
  double seconds = 0;

  // No row was rejected.
  bool complete() const { return rejected == 0 && rejected_meters == 0; }
};

// Rows that were left out: counted, the first kept for the summary, all of them into the file where one was named.
class Rejects {
 public:
  // errors  io
  static Result<Rejects> open(const std::string& path);

  Status add(const RowReject& reject, ImportSummary& summary);
  // A line of the list of meters `list`.
  Status add_meter(const std::string& list, const RowReject& reject, ImportSummary& summary);
  Status close() { return file_ ? file_->close() : Status{}; }

 private:
  Status write(const RowReject& reject, const std::string& reason);

  std::optional<OutputFile> file_;
};

// How the summary is worded.
struct SummaryForm {
  bool json = false;
  bool dry_run = false;
  bool with_readings = true;  // a file of readings was named, not a list of meters alone
  bool with_list = false;     // a list of meters was named
  bool rejects_listed = false;
};
// On standard output; what a person must not overlook also on standard error.
void print_summary(const SummaryForm& form, const ImportSummary& summary);

}  // namespace meterhouse::cli

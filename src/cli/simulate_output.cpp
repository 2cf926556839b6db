#include <algorithm>
#include <optional>

#include "cli/csv_line.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "cli/simulate.h"
#include "formats/reading_writer.h"

namespace meterhouse::cli {
namespace {

using simulator::Feed;
using simulator::PlantedFault;
using simulator::Town;

constexpr std::size_t kReadingsAtOnce = 4'096;

Status write_meters(const Town& town, const std::string& path) {
  auto file = OutputFile::open(path);
  if (!file) return file.error();
  std::string text = "meter_id,region,area,dwelling_type,serial,register_digits\n";
  for (std::uint32_t index = 0; index < town.size(); ++index) {
    const Meter meter = town.meter(index);
    fmt::format_to(std::back_inserter(text), "{},{},{},{},{},{}\n", meter.id.text(), csv_field(meter.region),
                   csv_field(meter.area), csv_field(meter.dwelling_type), meter.serial,
                   meter.register_digits.value_or(6));
    if (text.size() < (1 << 16)) continue;
    if (const auto status = file->write(text); !status) return status;
    text.clear();
  }
  if (const auto status = file->write(text); !status) return status;
  return file->close();
}

}  // namespace

Result<SimulateSummary> simulate_to_output(const Town& town, const SimulateOptions& options) {
  if (!options.meters_file.empty())
    if (const auto status = write_meters(town, options.meters_file); !status) return status.error();
  std::optional<OutputFile> faults_file;
  if (!options.faults_file.empty()) {
    auto opened = OutputFile::open(options.faults_file);
    if (!opened) return opened.error();
    faults_file = std::move(*opened);
  }
  auto output = OutputFile::open(options.output);
  if (!output) return output.error();

  SimulateSummary summary;
  summary.meters = town.size();
  std::string faults;
  Feed feed{town, options.order, town.options().period, [&](const PlantedFault& fault) {
              ++summary.faults;
              if (faults_file) append_ndjson(faults, fault, town.calendar());
            }};
  ReadingWriter writer{output_format(options.format, options.output), town.calendar()};
  Progress progress{"readings", expected_readings(town)};
  std::vector<Reading> batch;
  std::string text;
  writer.begin(text);
  while (feed.next(batch, kReadingsAtOnce)) {
    for (const Reading& reading : batch) writer.append(text, reading);
    if (const auto status = output->write(text); !status) return status.error();
    if (faults_file && !faults.empty())
      if (const auto status = faults_file->write(faults); !status) return status.error();
    text.clear();
    faults.clear();
    summary.readings += batch.size();
    progress.update(summary.readings);
  }
  writer.end(text);
  if (const auto status = output->write(text); !status) return status.error();
  if (const auto status = output->close(); !status) return status.error();
  if (faults_file) {
    if (const auto status = faults_file->write(faults); !status) return status.error();
    if (const auto status = faults_file->close(); !status) return status.error();
  }
  summary.seconds = progress.seconds();
  return summary;
}

}  // namespace meterhouse::cli

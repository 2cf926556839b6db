#include "cli/export.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/export_source.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "cli/reading_options.h"
#include "formats/reading_writer.h"

namespace meterhouse::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  meterhouse export --server http://127.0.0.1:8050 > readings.csv
  meterhouse export --data data --meter 100000001 --from 2025-02-01 --to 2025-03-01 -o february.ndjson
  meterhouse export --server http://127.0.0.1:8050 --meter 100000001 --step day --from 2025-01-01 --to 2026-01-01

Without --step: the readings, as `meterhouse import` takes them. With --step: the consumption of each interval, half-hour,
hour, day, week, month or year, with its quality; a value that no register bounds is empty (CSV) or null. A channel that
never had a reading has no rows.
--from and --to are an instant, a local date-time or a local date (its midnight) of the site; --to is excluded.
Exit codes: 0 done, 1 failed, 2 wrong options.)";

struct Options {
  std::string server;
  std::string data;
  std::string config = kDefaultConfig;
  std::vector<std::string> meters;
  std::string channel = "both";
  std::string from;
  std::string to;
  std::string step;
  std::string format;
  std::string output = "-";
  bool json = false;
};

void add_options(CLI::App& command, Options& options) {
  auto* server = command.add_option("--server", options.server, "Server, for instance http://127.0.0.1:8050");
  command.add_option("--data", options.data, "Data directory that no server holds")->excludes(server);
  command.add_option("--config", options.config, "Configuration (with --server: the server's)")->capture_default_str();
  command.add_option("--meter", options.meters, "Meter id; can be given many times (default: all)");
  command.add_option("--channel", options.channel, "import, export or both")
      ->check(CLI::IsMember({"import", "export", "both"}))
      ->capture_default_str();
  command.add_option("--from", options.from, "Beginning (default: the first reading; with --step it is needed)");
  command.add_option("--to", options.to, "End, excluded (default: now)");
  command.add_option("--step", options.step, "Consumption by interval, 30min, hour, day, week, month or year")
      ->check(CLI::IsMember({"interval", "30min", "hour", "day", "week", "month", "year"}));
  command
      .add_option("--format", options.format,
                  "csv, ndjson, or for readings json or packed (default: by the file's name, else csv)")
      ->check(CLI::IsMember({"csv", "ndjson", "json", "packed"}));
  command.add_option("-o,--output", options.output, "File to write; - is standard output")->capture_default_str();
  command.add_flag("--json", options.json, "Print the summary as JSON, on standard error where the output is -");
}

Result<Instant> instant_of(const std::string& text, const SiteCalendar& calendar) {
  const auto written = parse_iso8601(text);
  if (!written) return written.error();
  return calendar.resolve(*written);
}

Result<TimeRange> range_of(const Options& options, const SiteCalendar& calendar) {
  TimeRange range{kFirstInstant, SystemClock{}.now() + kMaxClockLead};
  if (!options.from.empty()) {
    const auto from = instant_of(options.from, calendar);
    if (!from) return from.error().during("--from");
    range.from = *from;
  }
  if (!options.to.empty()) {
    const auto to = instant_of(options.to, calendar);
    if (!to) return to.error().during("--to");
    range.to = *to;
  }
  if (range.empty()) return Error{Errc::invalid_argument, "--to is not after --from"};
  if (!options.step.empty() && options.from.empty())
    return Error{Errc::invalid_argument, "--step needs --from: consumption is asked for a range"};
  return range;
}

Result<std::vector<MeterId>> meters_of(const Options& options, ExportSource& source) {
  std::vector<MeterId> meters;
  if (options.meters.empty()) {
    const auto status = source.for_each_meter([&](MeterId id) -> Status {
      meters.push_back(id);
      return {};
    });
    if (!status) return status.error();
  }
  for (const auto& text : options.meters) {
    const auto id = MeterId::parse(text);
    if (!id) return id.error().during("--meter");
    meters.push_back(*id);
  }
  return meters;
}

// Writes rows of one kind or the other, and counts them.
class Export {
 public:
  Export(const Options& options, ExportSource& source, OutputFile output)
      : source_(source),
        output_(std::move(output)),
        format_(output_format(options.format, options.output)),
        writer_(format_, source.calendar()) {}

  Status begin(bool consumption) {
    if (!consumption)
      writer_.begin(text_);
    else if (format_ == ReadingFormat::csv)
      text_ += "meter_id,channel,from,to,consumption,quality,expected,found,estimated,covered_from,covered_to\n";
    return {};
  }

  Status readings(SeriesKey key, TimeRange range) {
    return source_.readings(key, range, [&](const std::vector<Reading>& some) -> Status {
      for (const Reading& reading : some) writer_.append(text_, reading);
      rows_ += some.size();
      return flush();
    });
  }

  // A channel that never had a reading has no rows: most meters have no export. One that has none in the range has
  // rows whose energy is missing.
  Status consumption(SeriesKey key, TimeRange range, Step step) {
    const auto rows = source_.consumption(key, range, step);
    if (!rows) return rows.error();
    if (std::ranges::none_of(*rows, [](const ConsumptionRow& row) { return row.energy.has_value(); })) {
      const auto used = source_.has_readings(key);
      if (!used) return used.error();
      if (!*used) return {};
    }
    for (const auto& row : *rows) append(key, row);
    rows_ += rows->size();
    return flush();
  }

  Status end(bool consumption) {
    if (!consumption) writer_.end(text_);
    if (const auto status = flush(); !status) return status;
    return output_.close();
  }

  std::uint64_t rows() const { return rows_; }

 private:
  void append(SeriesKey key, const ConsumptionRow& row) {
    const auto& calendar = source_.calendar();
    const auto& about = row.completeness;
    const auto from = calendar.format(row.range.from);
    const auto to = calendar.format(row.range.to);
    const auto bound = [&](const std::optional<Instant>& instant) { return instant ? calendar.format(*instant) : ""; };
    if (format_ == ReadingFormat::csv) {
      text_ += fmt::format("{},{},{},{},{},{},{},{},{},{},{}\n", key.meter().text(), to_string(key.channel()), from, to,
                           row.energy ? format_kwh(*row.energy) : "", row.quality, about.expected, about.found,
                           about.estimated, bound(about.covered_from), bound(about.covered_to));
      return;
    }
    const auto quoted = [&](const std::optional<Instant>& instant) {
      return instant ? fmt::format(R"("{}")", calendar.format(*instant)) : "null";
    };
    text_ += fmt::format(R"({{"meter_id":"{}","channel":"{}","from":"{}","to":"{}","consumption":{},)"
                         R"("quality":"{}","expected":{},"found":{},"estimated":{},)"
                         R"("covered_from":{},"covered_to":{}}})"
                         "\n",
                         key.meter().text(), to_string(key.channel()), from, to,
                         row.energy ? format_kwh(*row.energy) : "null", row.quality, about.expected, about.found,
                         about.estimated, quoted(about.covered_from), quoted(about.covered_to));
  }

  Status flush() {
    const auto status = output_.write(text_);
    text_.clear();
    return status;
  }

  ExportSource& source_;
  OutputFile output_;
  ReadingFormat format_;
  ReadingWriter writer_;
  std::string text_;
  std::uint64_t rows_ = 0;
};

Status export_all(const Options& options, ExportSource& source, std::uint64_t& rows) {
  const auto range = range_of(options, source.calendar());
  if (!range) return range.error();
  const auto meters = meters_of(options, source);
  if (!meters) return meters.error();
  auto output = OutputFile::open(options.output, OutputFile::Appears::when_closed);
  if (!output) return output.error();

  const bool consumption = !options.step.empty();
  const auto step = parse_step(consumption ? options.step : "day");
  if (!step) return step.error();
  Export writing{options, source, std::move(*output)};
  Progress progress{"meters", meters->size()};
  if (const auto status = writing.begin(consumption); !status) return status;
  for (std::size_t i = 0; i < meters->size(); ++i) {
    for (const auto channel : kChannels) {
      if (options.channel != "both" && options.channel != to_string(channel)) continue;
      const SeriesKey key{(*meters)[i], channel};
      const auto status = consumption ? writing.consumption(key, *range, *step) : writing.readings(key, *range);
      if (!status) return status.error().during(key.text());
    }
    progress.update(i + 1);
  }
  if (const auto status = writing.end(consumption); !status) return status;
  rows = writing.rows();
  if (options.json)
    fmt::print(options.output == "-" ? stderr : stdout,
               R"({{"meters":{},"rows":{},"seconds":{:.3f}}})"
               "\n",
               meters->size(), rows, progress.seconds());
  else
    fmt::print(stderr, "{} of {}\n", counted(rows, "row"), counted(meters->size(), "meter"));
  return {};
}

Status check_complete(ExportSource& source) {
  const auto left_out = source.left_out();
  if (!left_out) return left_out.error();
  if (left_out->none()) return {};
  return Error{Errc::conflict,
               fmt::format("left out, because the catalog lacks them although they have readings: {}; register them "
                           "(`meterhouse import --meters FILE --data DIR`) and export again",
                           left_out->text())};
}

int run(const Options& options) {
  if (options.server.empty() && options.data.empty())
    return report("export", {Errc::invalid_argument, "say where from: --server URL or --data DIR"});
  const auto format = output_format(options.format, options.output);
  if (!options.step.empty() && format != ReadingFormat::csv && format != ReadingFormat::ndjson)
    return report("export", {Errc::invalid_argument, "--step goes with csv or ndjson"});
  auto source =
      options.server.empty() ? export_from_data(options.data, options.config) : export_from_server(options.server);
  if (!source) return report("export", source.error());
  std::uint64_t rows = 0;
  auto status = export_all(options, **source, rows);
  if (status && options.meters.empty()) status = check_complete(**source);
  const auto finished = (*source)->finish();
  if (!status) return report("export", status.error());
  return finished ? kExitOk : report("export", finished.error());
}

}  // namespace

void add_export(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("export", "Write readings or consumption out of a server or a data directory");
  const auto options = std::make_shared<Options>();  // shared with the callback, which outlives this function
  add_options(*command, *options);
  command->footer(kExamples);
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace meterhouse::cli

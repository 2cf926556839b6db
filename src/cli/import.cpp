#include "cli/import.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <utility>

#include "cli/command.h"
#include "cli/config.h"
#include "cli/data_sink.h"
#include "cli/import_input.h"
#include "cli/import_rows.h"
#include "cli/import_summary.h"
#include "cli/meter_list.h"
#include "cli/progress.h"
#include "cli/reading_options.h"
#include "cli/register_falls.h"
#include "cli/server_api.h"

namespace meterhouse::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  meterhouse import readings.csv --to http://127.0.0.1:8050
  meterhouse import --meters meters.csv --data data
  meterhouse simulate --meters 10 --meters-file meters.csv | meterhouse import - --meters meters.csv --data data

  One household's half-hours (closing_instant_utc,kwh) summed up to a register that starts at 0:
  meterhouse import london.csv --meter 300000001 --register "Central Region,Bishan,4-room" --cumulate 0 \
      --columns at=closing_instant_utc,value=kwh --timezone UTC --to http://127.0.0.1:8050

The format is recognised by content: CSV with a header line, NDJSON, a JSON array, packed. CSV columns are found by name,
in any order and case: meter_id; at or timestamp; register or reading (with --cumulate: consumption or kwh); channel, which
may be missing. A time without an offset is local time in --timezone. A file packed with gzip is unpacked on the way.

With --cumulate a row is the energy of one interval, and by default names the instant that closes it. Registers are the sum
so far, by meter and channel; the first row also gives the register at its interval's beginning. Rows must ascend in time.
Rows that are missing from the file add nothing to the register, whatever was used meanwhile. Nor do rejected rows: the
registers after one are too low by its energy, and a warning names the meters concerned. Try --dry-run first.
The next file of a household goes on with its last register. START is compared with what the meter has: where a register
stands at the instant the first row begins, START must be that one; where none does, START must not be below the last before
nor above the first after, and energy between the last before and START is told. A START that does not agree is refused
before the batch (10 000 readings) with the meter's first row is sent; --dry-run, which sees no meter's registers, cannot tell.
  meterhouse export --data data --meter 300000001 --channel import | tail -1  # 300000001,import,2025-02-01T00:00:00+08:00,431.2
  meterhouse import february.csv --meter 300000001 --cumulate 431.2 --data data

Rows that are wrong are left out and listed in --rejects with their line; the others are kept. Importing a file again is
safe: what is there already counts as duplicate. A row is a conflict, and not kept, where another register stands at its
instant: the first to arrive stays.
Exit codes: 0 done, 1 failed, 2 wrong options, 3 done but some rows were not kept (rejected, or in conflict).)";

struct Options {
  std::string file;
  std::string server;
  std::string data;
  bool dry_run = false;
  std::string config = kDefaultConfig;
  std::string timezone;
  std::string format;
  std::string meter;
  std::string columns;
  std::string cumulate;
  std::string label = "closing";
  std::uint32_t interval_minutes = 30;
  std::string meters_file;
  std::string dwelling;
  std::string rejects_file;
  bool json = false;
};

void add_options(CLI::App& command, Options& options) {
  command.add_option("file", options.file, "File to read; - is standard input; none: --meters are registered alone");
  auto* server = command.add_option("--to,--server", options.server, "Server, for instance http://127.0.0.1:8050");
  auto* data = command.add_option("--data", options.data, "Data directory that no server holds")->excludes(server);
  command.add_flag("--dry-run", options.dry_run, "Read and check the rows alone; keep nothing")
      ->excludes(server)
      ->excludes(data);
  command.add_option("--config", options.config, "Configuration (with --to: the server's)")->capture_default_str();
  command.add_option("--timezone", options.timezone, "Of times without an offset (default: the site's)");
  command.add_option("--format", options.format, "csv, ndjson, json or packed (default: by content)")
      ->check(CLI::IsMember({"csv", "ndjson", "json", "packed"}));
  command.add_option("--rejects", options.rejects_file,
                     "Write the rejected rows to this file (CSV: line,field,reason)");
  command.add_flag("--json", options.json, "Print the summary as JSON");

  command.add_option("--meters", options.meters_file,
                     "Register these meters first (CSV: meter_id,region,area,dwelling_type)");
  command.add_option("--register", options.dwelling, "Register the file's meters as REGION,AREA,DWELLING TYPE");

  const std::string group = "CSV";
  command
      .add_option("--columns", options.columns,
                  "Names of columns: meter=,at=,register=,channel=; with --cumulate value= for register=")
      ->group(group);
  command.add_option("--meter", options.meter, "Meter of every row; the file has no such column")->group(group);
  auto* cumulate =
      command.add_option("--cumulate", options.cumulate, "Rows are consumption: sum them up from this register (kWh)")
          ->group(group);
  command.add_option("--label", options.label, "Which end of its interval a row names: closing or opening")
      ->check(CLI::IsMember({"closing", "opening"}))
      ->needs(cumulate)
      ->capture_default_str()
      ->group(group);
  command.add_option("--interval", options.interval_minutes, "Minutes of an interval")
      ->check(CLI::Range(1, 1440))
      ->needs(cumulate)
      ->capture_default_str()
      ->group(group);
}

Result<ImportOptions::Columns> parse_columns(const std::string& text) {
  ImportOptions::Columns columns;
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto one = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    const auto equals = one.find('=');
    const auto role = one.substr(0, equals);
    auto* column = role == "meter"                         ? &columns.meter
                   : role == "at"                          ? &columns.at
                   : role == "value" || role == "register" ? &columns.value
                   : role == "channel"                     ? &columns.channel
                                                           : nullptr;
    if (column == nullptr || equals == std::string_view::npos || equals + 1 == one.size())
      return Error{Errc::invalid_argument,
                   fmt::format("--columns: `{}` is none of meter=, at=, register=, value=, channel=", one)};
    *column = one.substr(equals + 1);
    if (role == "register") columns.value_is = ImportOptions::Columns::Value::register_;
  }
  return columns;
}

Result<ImportOptions> import_options(const Options& options) {
  ImportOptions import;
  import.format = format_named(options.format);
  const auto columns = parse_columns(options.columns);
  if (!columns) return columns.error();
  import.columns = *columns;
  if (!options.meter.empty()) {
    const auto meter = MeterId::parse(options.meter);
    if (!meter) return meter.error().during("--meter");
    import.meter = *meter;
  }
  if (!options.cumulate.empty()) {
    const auto start = parse_register_kwh(options.cumulate);
    if (!start) return start.error().during("--cumulate");
    import.cumulate_from = *start;
    if (import.columns.value_is == ImportOptions::Columns::Value::register_)
      return Error{Errc::invalid_argument, "--columns register= names registers, which --cumulate cannot sum up"};
  }
  if (options.label == "opening") import.label = ImportOptions::Label::opening;
  import.interval = Seconds{std::int64_t{options.interval_minutes} * 60};
  return import;
}

// Takes everything and keeps nothing.
class NoSink final : public ReadingSink {
 public:
  Result<MeterCounts> register_meters(std::span<const NewMeter>) override { return MeterCounts{}; }
  Status take(ParsedRows&) override { return {}; }
  Result<Surroundings> around(SeriesKey, Instant) override { return Surroundings{}; }
  Status finish() override { return {}; }
  AppendCounts counts() const override { return {}; }
};

// A batch can overshoot by one call of a reader, and --cumulate adds at most one reading to a row.
constexpr std::size_t kRowsAtOnce = ReadingStore::kMaxBatchReadings - 2 * ParsedRows::kMaxRejects;

// One run: the file's rows into the sink.
class Import {
 public:
  Import(ReadingSink& sink, std::optional<Dwelling> dwelling, Rejects& rejects, ImportSummary& summary)
      : sink_(sink), dwelling_(std::move(dwelling)), rejects_(rejects), summary_(summary) {}

  Status run(ImportRows& rows, Progress& progress) {
    ParsedRows batch;
    for (;;) {
      const auto more = rows.next(batch, kRowsAtOnce);
      if (const auto status = take(rows, batch); !status) return status;
      summary_.incomplete.clear();
      for (const auto number : rows.incomplete()) summary_.incomplete.push_back(MeterId::from_number(number).text());
      if (!more) return more.error();  // after the good rows before it were taken
      progress.update(rows.bytes());
      if (!*more) {
        summary_.falling = falls_.meters();
        return {};
      }
    }
  }

 private:
  Status take(const ImportRows& rows, ParsedRows& batch) {
    for (const Reading& first : rows.begun())
      if (const auto status = check_begin(first); !status) return status;
    if (const auto status = register_new(batch); !status) return status;
    if (!rows.cumulates()) falls_.take(batch.readings);
    const auto readings = batch.readings.size(), rejects = batch.rejects.size();
    std::uint64_t good = 0, line = 0;  // a cumulated row may be two readings
    for (const auto row : batch.rows) good += std::exchange(line, row) != row ? 1 : 0;
    summary_.rows += good + rejects;
    if (const auto status = sink_.take(batch); !status) return status;
    summary_.readings += readings - (batch.rejects.size() - rejects);
    line = 0;
    for (auto& reject : batch.rejects) {
      if (std::exchange(line, reject.row) == reject.row) continue;
      reject.field = rows.column_of(reject.field);
      if (const auto status = rejects_.add(reject, summary_); !status) return status;
    }
    return {};
  }

  Status check_begin(const Reading& first) {
    const auto around = sink_.around(first.key(), first.at());
    if (!around) return around.error();
    if (const auto status = check_start(first, *around); !status) return status;
    if (auto step = step_before(first, *around)) summary_.steps.push_back(std::move(*step));
    return {};
  }

  Status register_new(const ParsedRows& batch) {
    if (!dwelling_) return {};
    std::vector<NewMeter> meters;
    for (const Reading& reading : batch.readings)
      if (const auto id = reading.key().meter(); seen_.insert(id.number()).second)
        meters.push_back({id, dwelling_->region, dwelling_->area, dwelling_->dwelling_type, {}, std::nullopt});
    if (meters.empty()) return {};
    const auto counts = sink_.register_meters(meters);
    if (!counts) return counts.error();
    if (!counts->refused.empty()) {
      const auto& refused = counts->refused.front();
      return Error{Errc::invalid_argument, fmt::format("--register: meter {} was refused: {}: {}",
                                                       meters[refused.index].id.text(), refused.field, refused.reason)};
    }
    summary_.meters.registered += counts->registered;
    summary_.meters.existed += counts->existed;
    return {};
  }

  ReadingSink& sink_;
  std::optional<Dwelling> dwelling_;
  Rejects& rejects_;
  ImportSummary& summary_;
  RegisterFalls falls_;
  boost::unordered_flat_set<std::uint32_t> seen_;
};

// Where the readings go, and the site there.
struct Target {
  Site site;
  SystemClock clock;
  std::unique_ptr<ReadingSink> sink;
};

Status open_target(const Options& options, Target& target) {
  if (!options.server.empty()) {
    auto server = ServerApi::connect(options.server);
    if (!server) return server.error();
    auto site = server->site();
    if (!site) return site.error();
    target.site = std::move(*site);
    target.sink = std::make_unique<ServerApi>(std::move(*server));
    return {};
  }
  if (options.data.empty() && !options.dry_run)
    return Error{Errc::invalid_argument, "say where to: --to URL, --data DIR or --dry-run"};
  auto config = read_config(posix_file_system(), options.config);
  if (config) target.site = std::move(config->site);
  const bool can_do_without = options.dry_run && !config && config.error().code == Errc::not_found;
  if (!config && !can_do_without) return config.error();
  if (options.dry_run) {
    target.sink = std::make_unique<NoSink>();
    return {};
  }
  DataDirectory::Options data_options;
  if (!options.meters_file.empty()) data_options.lost_catalog = DataDirectory::Options::LostCatalog::make_empty;
  auto data = DataDirectory::open(options.data, target.site, posix_file_system(), target.clock, data_options);
  if (!data) return data.error();
  tell_opening("import", **data);
  target.sink = std::make_unique<DataSink>(std::move(*data));
  return {};
}

// The list of --meters; its lines that are wrong are left out and told.
Status register_listed(const Options& options, ReadingSink& sink, Rejects& rejects, ImportSummary& summary) {
  if (options.meters_file.empty()) return {};
  auto list = read_meter_list(posix_file_system(), options.meters_file);
  if (!list) return list.error();
  auto counts = sink.register_meters(list->meters);
  if (!counts) return counts.error();
  for (auto& refused : counts->refused)
    list->rejects.push_back({list->lines[refused.index], std::move(refused.field), std::move(refused.reason)});
  std::ranges::stable_sort(list->rejects, {}, &RowReject::row);
  for (const auto& reject : list->rejects)
    if (const auto status = rejects.add_meter(options.meters_file, reject, summary); !status) return status;
  summary.meters = std::move(*counts);
  return {};
}

Status register_alone(const Options& options, ImportSummary& summary) {
  if (options.meters_file.empty())
    return Error{Errc::invalid_argument, "name a file of readings, or a list of meters with --meters"};
  Target target;
  if (const auto status = open_target(options, target); !status) return status;
  auto rejects = Rejects::open(options.rejects_file);
  if (!rejects) return rejects.error();
  auto status = register_listed(options, *target.sink, *rejects, summary);
  auto finished = target.sink->finish();
  const auto listed = rejects->close();
  if (!status) return status;
  return finished ? listed : finished;
}

Status import_file(const Options& options, ImportSummary& summary) {
  const auto import = import_options(options);
  if (!import) return import.error();
  std::optional<Dwelling> dwelling;
  if (!options.dwelling.empty()) {
    const auto parsed = parse_dwelling(options.dwelling);
    if (!parsed) return parsed.error().during("--register");
    dwelling = *parsed;
  }
  const auto input = InputFile::open(options.file);
  if (!input) return input.error();

  Target target;
  if (const auto status = open_target(options, target); !status) return status;
  const auto calendar = SiteCalendar::of(options.timezone.empty() ? target.site.timezone : options.timezone);
  if (!calendar) return Error{Errc::invalid_argument, calendar.error().message};
  const auto source = [&](std::span<char> into) { return input->read(into); };
  auto rows = ImportRows::open(source, *import, *calendar, target.clock.now() + kMaxClockLead);
  if (!rows) return rows.error().during(options.file);

  auto rejects = Rejects::open(options.rejects_file);
  if (!rejects) return rejects.error();
  if (const auto status = register_listed(options, *target.sink, *rejects, summary); !status) return status;

  Progress progress{"bytes", input->size()};
  auto status = Import{*target.sink, dwelling, *rejects, summary}.run(*rows, progress);
  const auto finished = target.sink->finish();
  summary.counts = target.sink->counts();
  const auto listed = rejects->close();
  summary.seconds = progress.seconds();
  if (!status) return status.error().during(options.file);
  return finished ? listed : finished;
}

int run(const Options& options) {
  ImportSummary summary;
  const auto status = options.file.empty() ? register_alone(options, summary) : import_file(options, summary);
  // What was taken before an error is kept, so tell.
  if (status || summary.rows > 0 || summary.meters.registered > 0 || !summary.complete())
    print_summary({.json = options.json,
                   .dry_run = options.dry_run,
                   .with_readings = !options.file.empty(),
                   .with_list = !options.meters_file.empty(),
                   .rejects_listed = !options.rejects_file.empty()},
                  summary);
  if (!status) return report("import", status.error());
  return summary.complete() && summary.counts.conflict == 0 ? kExitOk : kExitPartial;
}

}  // namespace

void add_import(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("import", "Read a file of readings into a server or a data directory");
  const auto options = std::make_shared<Options>();  // shared with the callback, which outlives this function
  add_options(*command, *options);
  command->footer(kExamples);
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace meterhouse::cli

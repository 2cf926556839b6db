#include "cli/import.h"

#include <CLI/CLI.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "cli/command.h"
#include "cli/config.h"
#include "cli/data_sink.h"
#include "cli/import_rows.h"
#include "cli/meter_list.h"
#include "cli/output_file.h"
#include "cli/printable.h"
#include "cli/progress.h"
#include "cli/reading_options.h"
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
may be missing. A time without an offset is local time in --timezone.

With --cumulate a row is the energy of one interval, and by default names the instant that closes it. Registers are the sum
so far, by meter and channel; the first row also gives the register at its interval's beginning. Rows must ascend in time.
Rows that are missing from the file add nothing to the register, whatever was used meanwhile.

Rows that are wrong are left out and listed in --rejects with their line; the others are kept. Importing a file again is
safe: what is there already counts as duplicate.
Exit codes: 0 done, 1 failed, 2 wrong options, 3 done but some rows were rejected.)";

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
  command.add_flag("--dry-run", options.dry_run, "Read and check alone")->excludes(server)->excludes(data);
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
  command.add_option("--columns", options.columns, "Names of columns: meter=,at=,value=,channel=")->group(group);
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
    auto* column = role == "meter"     ? &columns.meter
                   : role == "at"      ? &columns.at
                   : role == "value"   ? &columns.value
                   : role == "channel" ? &columns.channel
                                       : nullptr;
    if (column == nullptr || equals == std::string_view::npos || equals + 1 == one.size())
      return Error{Errc::invalid_argument,
                   fmt::format("--columns: `{}` is none of meter=, at=, value=, channel=", one)};
    *column = one.substr(equals + 1);
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
  }
  if (options.label == "opening") import.label = ImportOptions::Label::opening;
  import.interval = Seconds{std::int64_t{options.interval_minutes} * 60};
  return import;
}

// Takes everything and keeps nothing.
class NoSink final : public ReadingSink {
 public:
  Result<MeterCounts> register_meters(std::span<const NewMeter>) override { return MeterCounts{}; }
  Status take(ParsedRows& batch) override {
    counts_.accepted += batch.readings.size();
    return {};
  }
  Status finish() override { return {}; }
  AppendCounts counts() const override { return counts_; }

 private:
  AppendCounts counts_;
};

// The file, or standard input.
class InputFile {
 public:
  static Result<InputFile> open(const std::string& path) {
    InputFile input{path == "-" ? stdin : std::fopen(path.c_str(), "rb")};
    if (input.file_ == nullptr) return Error{Errc::not_found, fmt::format("read {}: {}", path, std::strerror(errno))};
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    if (path != "-" && !error) input.size_ = size;
    return input;
  }
  std::uint64_t size() const { return size_; }  // 0: not known
  Result<std::size_t> read(std::span<char> into) const {
    const auto count = std::fread(into.data(), 1, into.size(), file_.get());
    if (count == 0 && std::ferror(file_.get()) != 0)
      return Error{Errc::io, fmt::format("read the file: {}", std::strerror(errno))};
    return count;
  }

 private:
  struct Close {
    void operator()(std::FILE* file) const {
      if (file != stdin) std::fclose(file);
    }
  };
  explicit InputFile(std::FILE* file) : file_(file) {}
  std::unique_ptr<std::FILE, Close> file_;
  std::uint64_t size_ = 0;
};

constexpr std::size_t kRejectBytesShown = 500;

struct Summary {
  std::uint64_t readings = 0;
  std::uint64_t rejected = 0;
  MeterCounts meters;
  AppendCounts counts;
  std::string first_reject;
  double seconds = 0;
};

// Rows that were left out: counted, the first kept for the summary, all of them into the file where one was named.
class Rejects {
 public:
  static Result<Rejects> open(const std::string& path) {
    Rejects rejects;
    if (path.empty()) return rejects;
    auto file = OutputFile::open(path);
    if (!file) return file.error();
    rejects.file_ = std::move(*file);
    if (const auto status = rejects.file_->write("line,field,reason\n"); !status) return status.error();
    return rejects;
  }
  Status add(const RowReject& reject, Summary& summary) {
    const auto text = fmt::format("{}{}{}", reject.field, reject.field.empty() ? "" : " ", reject.reason);
    if (summary.rejected++ == 0) summary.first_reject = fmt::format("line {}: {}", reject.row, text);
    if (!file_) return {};
    return file_->write(fmt::format("{},{},{}\n", reject.row, reject.field, reject.reason));
  }
  Status close() { return file_ ? file_->close() : Status{}; }

 private:
  std::optional<OutputFile> file_;
};

// A batch can overshoot by one call of a reader, and --cumulate adds at most one reading to a row.
constexpr std::size_t kRowsAtOnce = ReadingStore::kMaxBatchReadings - 2 * ParsedRows::kMaxRejects;

// One run: the file's rows into the sink.
class Import {
 public:
  Import(ReadingSink& sink, std::optional<Dwelling> dwelling, Rejects& rejects, Summary& summary)
      : sink_(sink), dwelling_(std::move(dwelling)), rejects_(rejects), summary_(summary) {}

  Status run(ImportRows& rows, Progress& progress) {
    ParsedRows batch;
    for (;;) {
      const auto more = rows.next(batch, kRowsAtOnce);
      if (const auto status = take(batch); !status) return status;
      if (!more) return more.error();  // after the good rows before it were taken
      progress.update(rows.bytes());
      if (!*more) return {};
    }
  }

 private:
  Status take(ParsedRows& batch) {
    if (const auto status = register_new(batch); !status) return status;
    summary_.readings += batch.readings.size();
    if (const auto status = sink_.take(batch); !status) return status;
    for (const auto& reject : batch.rejects)
      if (const auto status = rejects_.add(reject, summary_); !status) return status;
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
    summary_.meters.registered += counts->registered;
    summary_.meters.existed += counts->existed;
    return {};
  }

  ReadingSink& sink_;
  std::optional<Dwelling> dwelling_;
  Rejects& rejects_;
  Summary& summary_;
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
  target.sink = std::make_unique<DataSink>(std::move(*data));
  return {};
}

Status register_listed(const Options& options, ReadingSink& sink, Summary& summary) {
  if (options.meters_file.empty()) return {};
  const auto meters = read_meter_list(posix_file_system(), options.meters_file);
  if (!meters) return meters.error();
  const auto counts = sink.register_meters(*meters);
  if (!counts) return counts.error();
  summary.meters = *counts;
  return {};
}

Status register_alone(const Options& options, Summary& summary) {
  if (options.meters_file.empty())
    return Error{Errc::invalid_argument, "name a file of readings, or a list of meters with --meters"};
  Target target;
  if (const auto status = open_target(options, target); !status) return status;
  auto status = register_listed(options, *target.sink, summary);
  auto finished = target.sink->finish();
  return status ? finished : status;
}

Status import_file(const Options& options, Summary& summary) {
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

  if (const auto status = register_listed(options, *target.sink, summary); !status) return status;
  auto rejects = Rejects::open(options.rejects_file);
  if (!rejects) return rejects.error();

  Progress progress{"bytes", input->size()};
  auto status = Import{*target.sink, dwelling, *rejects, summary}.run(*rows, progress);
  const auto finished = target.sink->finish();
  summary.counts = target.sink->counts();
  const auto listed = rejects->close();
  summary.seconds = progress.seconds();
  if (!status) return status.error().during(options.file);
  return finished ? listed : finished;
}

void print_summary(const Options& options, const Summary& summary) {
  if (options.json) {
    fmt::print(R"({{"readings":{},{},"rejected":{},"registered":{},"seconds":{:.3f}}})"
               "\n",
               summary.readings, counts_json(summary.counts), summary.rejected, summary.meters.registered,
               summary.seconds);
    return;
  }
  if (!options.file.empty())
    fmt::print("{} readings: {}; {} rows rejected\n", with_spaces(summary.readings), counts_text(summary.counts),
               with_spaces(summary.rejected));
  if (summary.meters.registered > 0 || options.file.empty())
    fmt::print("{} meters registered, {} were already\n", with_spaces(summary.meters.registered),
               with_spaces(summary.meters.existed));
  if (summary.rejected > 0)
    fmt::print("the first rejected: {}{}\n", printable(summary.first_reject, kRejectBytesShown),
               options.rejects_file.empty() ? "; --rejects FILE lists all" : "");
}

int run(const Options& options) {
  Summary summary;
  const auto status = options.file.empty() ? register_alone(options, summary) : import_file(options, summary);
  if (status || summary.readings > 0)
    print_summary(options, summary);  // what was taken before an error is kept, so tell
  if (!status) return report("import", status.error());
  return summary.rejected > 0 ? kExitPartial : kExitOk;
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

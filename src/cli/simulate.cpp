#include "cli/simulate.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "base/clock.h"
#include "base/file_system.h"
#include "cli/command.h"
#include "cli/config.h"
#include "cli/progress.h"
#include "cli/server_api.h"

namespace meterhouse::cli {
namespace {

using simulator::FaultKind;
using simulator::Town;

constexpr const char* kExamples = R"(Examples:
  meterhouse simulate --meters 1000 --days 30 > readings.csv
  meterhouse simulate --meters 100 --days 7 --disorder 0.01 --faults faults.ndjson --output readings.ndjson
  meterhouse simulate --meters 10000 --days 1 --until-now --first-meter 300000001 --to http://127.0.0.1:8050
  meterhouse simulate --meters 500 --days 365 --rate 20000 --first-meter 400000001 --to http://127.0.0.1:8050

The same seed and options give the same bytes on every machine; a meter's readings do not depend on how many there are.
Exit codes: 0 done, 1 failed, 2 wrong options, 3 the server rejected some readings.)";

constexpr int kMaxDays = 36'525;  // a century

struct FaultOption {
  const char* name;
  FaultKind kind;
  const char* help;
};
constexpr FaultOption kFaultOptions[] = {
    {"--duplicates", FaultKind::duplicate, "Share of readings sent twice"},
    {"--conflicts", FaultKind::conflict, "Share of readings followed by another register for the same instant"},
    {"--out-of-order", FaultKind::out_of_order, "Share of readings sent up to four intervals late"},
    {"--late-hours", FaultKind::late_hours, "Runs sent hours late, a meter and day"},
    {"--late-days", FaultKind::late_days, "Runs sent days late, a meter and day"},
    {"--gaps", FaultKind::gap, "Runs never sent, a meter and day"},
    {"--dips", FaultKind::dip, "Share of readings that show zero, the next is right again"},
    {"--rollovers", FaultKind::rollover, "Share of meters whose register passes 99999.99 in the period"},
    {"--exchanges", FaultKind::exchange, "Share of meters whose device is replaced in the period"},
    {"--spikes", FaultKind::spike, "Share of readings that show 50 to 500 kWh too much"},
    {"--stuck", FaultKind::stuck, "Runs in which the register stands still, a meter and day"},
};

void add_options(CLI::App& command, SimulateOptions& options) {
  command.add_option("--meters", options.town.meters, "How many meters")->capture_default_str();
  command.add_option("--days", options.days, "How many local days")
      ->check(CLI::Range(1, kMaxDays))
      ->capture_default_str();
  auto* start = command.add_option("--start", options.start, "The first day, YYYY-MM-DD")->capture_default_str();
  command.add_flag("--until-now", options.until_now, "The --days whole days before today, and today until now")
      ->excludes(start);
  command.add_option("--seed", options.town.seed, "Another seed, another town")->capture_default_str();
  command.add_option("--interval", options.interval_minutes, "Minutes between readings; divides a day")
      ->capture_default_str();
  command.add_option("--first-meter", options.first_meter, "The first meter's id; the others follow")
      ->capture_default_str();
  command.add_option("--solar", options.town.solar_share, "Share of landed homes that feed in (channel export)")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command
      .add_option("--config", options.config, "Configuration with areas and dwelling types (with --to: the server's)")
      ->capture_default_str();
}

void add_output_options(CLI::App& command, SimulateOptions& options) {
  auto* output = command.add_option("-o,--output", options.output, "File to write; - is standard output");
  command.add_option("--format", options.format, "csv, ndjson, json or packed (default: by the file's name, else csv)")
      ->check(CLI::IsMember({"csv", "ndjson", "json", "packed"}));
  command
      .add_option_function<std::string>(
          "--order",
          [&options](const std::string& order) {
            options.order = order == "meter" ? simulator::Order::by_meter : simulator::Order::by_time;
          },
          "time: all meters of an instant, then the next; meter: one after the other")
      ->check(CLI::IsMember({"time", "meter"}))
      ->default_str("time");
  command.add_option("--meters-file", options.meters_file,
                     "Write the meters to this file (CSV), for `import --meters`");

  auto* server =
      command.add_option("--to,--server", options.server, "Send to this server, for instance http://127.0.0.1:8050");
  server->excludes(output);
  command.add_option("--rate", options.rate, "Readings a second (default: as many as it takes)")
      ->check(CLI::PositiveNumber)
      ->needs(server);
  command.add_option("--connections", options.connections, "Connections to the server")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command.add_option("--batch", options.batch, "Readings a request")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  command.add_flag_callback(
      "--no-register", [&options] { options.register_meters = false; }, "The meters are registered already");
  command.add_flag("--json", options.json, "Print the summary as JSON");
}

void add_fault_options(CLI::App& command, SimulateOptions& options) {
  const std::string group = "Disorder (rates from 0 to 1)";
  command
      .add_option_function<double>("--disorder", [&options](double rate) { options.town.disorder.rates.fill(rate); })
      ->description("All of the kinds below at this rate; those named beside it keep their own")
      ->check(CLI::Range(0.0, 1.0))
      ->group(group);
  for (const auto& fault : kFaultOptions)
    command.add_option(fault.name, options.town.disorder[fault.kind], fault.help)
        ->check(CLI::Range(0.0, 1.0))
        ->group(group);
  command.add_option("--faults", options.faults_file, "Write every planted fault to this file (NDJSON)")->group(group);
}

// The whole local days asked for; both midnights are in it, so that each day is bounded.
Result<TimeRange> period_of(const SimulateOptions& options, const SiteCalendar& calendar) {
  if (options.until_now) {
    const auto now = SystemClock{}.now();
    const auto first = calendar.day_of(now) - date::days{options.days};
    return TimeRange{calendar.start_of_day(first), now};
  }
  const auto first = parse_date(options.start);
  if (!first) return first.error().during("--start");
  return TimeRange{calendar.start_of_day(*first), calendar.start_of_day(*first + date::days{options.days})};
}

Result<Site> site_for(const SimulateOptions& options) {
  if (options.server.empty()) {
    auto config = read_config(posix_file_system(), options.config);
    if (!config) return config.error();
    return std::move(config->site);
  }
  auto server = ServerApi::connect(options.server);
  if (!server) return server.error();
  return server->site();
}

Result<Town> town_for(const SimulateOptions& options) {
  const auto site = site_for(options);
  if (!site) return site.error();
  const auto calendar = SiteCalendar::of(site->timezone);
  if (!calendar) return calendar.error();
  const auto period = period_of(options, *calendar);
  if (!period) return period.error();
  const auto first = MeterId::parse(options.first_meter);
  if (!first) return first.error().during("--first-meter");
  auto town = options.town;
  town.period = *period;
  town.first_meter = *first;
  town.interval = Seconds{std::int64_t{options.interval_minutes} * 60};
  return Town::build(town, *site);
}

// Readings are made for whatever period was asked for; who takes them in judges by the clock.
void warn_of_the_future(const Town& town) {
  const auto end = town.options().period.to;
  if (end <= SystemClock{}.now() + kMaxClockLead) return;
  fmt::print(stderr,
             "meterhouse simulate: the period ends at {}, after now: a server and `import` reject readings of the "
             "future\n",
             town.calendar().format(end));
}

void print_summary(const SimulateOptions& options, const SimulateSummary& summary) {
  // Standard output may be the readings: then a person reads the summary on standard error.
  std::FILE* out = options.server.empty() && options.output == "-" ? stderr : stdout;
  const double rate = summary.seconds > 0 ? static_cast<double>(summary.readings) / summary.seconds : 0;
  if (options.json) {
    fmt::print(out,
               R"({{"meters":{},"registered":{},"readings":{},"faults":{},{},"rejected":{},"seconds":{:.3f},)"
               R"("readings_per_second":{:.0f}}})"
               "\n",
               summary.meters, summary.registered, summary.readings, summary.faults, counts_json(summary.counts),
               summary.rejected, summary.seconds, rate);
    return;
  }
  fmt::print(out, "{} of {} in {:.1f} s ({}/s)", counted(summary.readings, "reading"), counted(summary.meters, "meter"),
             summary.seconds, with_spaces(static_cast<std::uint64_t>(rate)));
  if (summary.faults > 0) fmt::print(out, ", {} planted", counted(summary.faults, "fault"));
  fmt::print(out, "\n");
  if (options.server.empty()) return;
  fmt::print(out, "{} registered; {}, {} rejected\n", counted(summary.registered, "meter"), counts_text(summary.counts),
             with_spaces(summary.rejected));
  if (summary.rejected > 0) fmt::print(out, "the first rejection: {}\n", summary.first_rejection);
}

int run(const SimulateOptions& options) {
  const auto town = town_for(options);
  if (!town) return report("simulate", town.error());
  warn_of_the_future(*town);
  const auto summary = options.server.empty() ? simulate_to_output(*town, options) : simulate_to_server(*town, options);
  if (!summary) return report("simulate", summary.error());
  print_summary(options, *summary);
  return summary->rejected > 0 ? kExitPartial : kExitOk;
}

}  // namespace

std::uint64_t expected_readings(const Town& town) {
  const auto& options = town.options();
  const auto steps = (options.period.to - options.period.from) / options.interval + 1;
  return static_cast<std::uint64_t>(steps) * town.size();
}

void add_simulate(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("simulate", "Make a town's readings: to a file, standard output or a server");
  const auto options = std::make_shared<SimulateOptions>();  // shared with the callback, which outlives this function
  add_options(*command, *options);
  add_output_options(*command, *options);
  add_fault_options(*command, *options);
  command->footer(kExamples);
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace meterhouse::cli

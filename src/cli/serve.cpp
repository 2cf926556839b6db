#include "cli/serve.h"

#include <sys/resource.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <csignal>
#include <memory>

#include "base/at_leisure.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "cli/background_work.h"
#include "cli/command.h"
#include "cli/config.h"
#include "cli/data_directory.h"
#include "cli/demo_town.h"
#include "cli/directory_digests.h"
#include "cli/listen_address.h"
#include "cli/new_store_id.h"
#include "cli/restored_directory.h"
#include "cli/start_gate.h"
#include "cli/stop_signals.h"
#include "http/api.h"
#include "http/server.h"
#include "service/events/event_types.h"
#include "service/unregistered.h"
#include "store/embedded/embedded_replay.h"
#include "store/embedded/snapshot_digest.h"

namespace meterhouse::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  meterhouse serve --data data --demo
  meterhouse serve --data /var/lib/meterhouse --config /etc/meterhouse.json --listen 127.0.0.1:8050

The port is taken first; until the data directory is open (a long journal is replayed, --demo fills it) /readyz and every
other request answer 503.
With --demo an empty data directory gets 200 meters with 400 days of readings. The town lives on: their new readings are
added every half-hour, and at each start with --demo those since the last one. Without --demo nothing is added; a
directory with other meters stays as it is. To start over, stop the server and remove the data directory.

SIGTERM and Ctrl-C finish the requests in flight, fold the journal and exit with 0; while starting they end at once, also
with 0, and nothing is lost. A second one does not wait for the end: the next start replays the journal.
Standard output has the event log, each event once: text on a terminal, else one JSON object a line. /readyz tells what a
start is doing.
Exit codes: 0 stopped by a signal, 1 failed, 2 wrong options or configuration, 130 or 143 stopped by a second signal.)";

// The journal cannot be synced: the process ends, and the next start replays what was acknowledged.
struct Failure {
  StopSignals& signals;
  EventLog& events;
  std::atomic<bool> happened = false;
};

std::string backup_directory(const ServeOptions& options) {
  return options.backup_dir.empty() ? options.data + "/backups" : options.backup_dir;
}

DataDirectory::Options data_options(const ServeOptions& given, const ServerSettings& settings, Failure& failure) {
  DataDirectory::Options options;
  options.head_budget_bytes = given.head_budget_kb != 0 ? given.head_budget_kb << 10 : settings.head_budget_mb << 20;
  if (given.allow_unregistered) options.lost_catalog = DataDirectory::Options::LostCatalog::make_empty;
  options.backup_directory = backup_directory(given);
  options.shipping = settings.journal_shipping;
  options.on_work = [&events = failure.events](const StoreWork& work) { tell_work(events, work); };
  options.on_background_error = [&events = failure.events](const Error& error) {
    events.record(event_type::kError, "in the background: " + error.message);
  };
  options.on_failure = [&failure](const Error& error) {
    failure.events.record(event_type::kError, "the journal failed, nothing more is acknowledged: " + error.message);
    failure.happened = true;
    failure.signals.request();
  };
  return options;
}

void tell_opened(EventLog& events, const std::string& path, DataDirectory& data, std::chrono::duration<double> took) {
  const StoreStats stats = data.readings().stats();
  const OpenReport& report = data.open_report();
  const std::uint64_t readings = stats.head_readings + stats.segment_readings;
  const std::chrono::duration<double> replay = report.replay_took;
  events.record(
      event_type::kSystem,
      fmt::format("data directory {}: {} meters, {} readings; {} readings replayed from the journal (repeated "
                  "ones included) in {:.2f} s, opened in {:.2f} s",
                  path, data.meters().size(), readings, report.replayed_readings, replay.count(), took.count()),
      fmt::format(R"({{"meters":{},"readings":{},"replayed_readings":{},"replay_s":{:.3f},"open_s":{:.3f}}})",
                  data.meters().size(), readings, report.replayed_readings, replay.count(), took.count()));
  if (report.damage)
    events.record(event_type::kError,
                  "what was replayed could not all be compared with what is stored: " + report.damage->message);
  for (const std::string& line : torn_lines(data)) events.record(event_type::kSystem, line);
}

struct Configuration {
  Config config;
  ListenAddress listen;
  SiteCalendar calendar;
};

Result<Configuration> read_configuration(FileSystem& files, const ServeOptions& options) {
  auto config = read_config(files, options.config);
  if (!config) return config.error();
  auto listen = parse_listen_address(options.listen);
  if (!listen) return listen.error().during("--listen");
  auto calendar = SiteCalendar::of(config->site.timezone);
  if (!calendar) return calendar.error().during(options.config);
  return Configuration{std::move(*config), std::move(*listen), std::move(*calendar)};
}

void tell_ignored(EventLog& events, const ServeOptions& options, const Config& config) {
  std::vector<std::string_view> names;
  for (const ConfigKey& key : config.ignored) names.push_back(key.path);
  if (!names.empty())
    events.record(event_type::kSystem,
                  fmt::format("{}: keys that are not used: {}", options.config, fmt::join(names, ", ")));
}

// What serving stands on, made before the data directory is opened.
struct Program {
  FileSystem& files;
  const Clock& clock;
  const ServeOptions& options;
  const Configuration& configuration;
  EventLog& events;
  StopSignals& signals;
  StartGate& gate;
  Server& server;
};

// Meters with readings that the catalog does not know: it was lost, or an older one was put back. Serving would reject
// what they send. Of a large store the last weeks alone are looked at, so that a start does not read all of it.
Status check_registered(const Program& program, DataDirectory& data) {
  constexpr std::uint64_t kWholeStoreBytes = std::uint64_t{256} << 20;
  constexpr Seconds kRecent = date::days{35};
  ReadRange range;
  if (data.readings().stats().segment_bytes > kWholeStoreBytes) range.from = program.clock.now() - kRecent;
  const auto unregistered = find_unregistered(data.readings(), data.meters(), range);
  if (!unregistered) {
    if (unregistered.error().code != Errc::corruption) return unregistered.error();
    program.events.record(event_type::kError,
                          "damage, which `meterhouse verify` lists: " + unregistered.error().message);
    return {};
  }
  if (unregistered->none()) return {};
  const auto what = fmt::format("the catalog lacks meters that have readings ({})", unregistered->text());
  if (!program.options.allow_unregistered)
    return Error{
        Errc::corruption,
        fmt::format("{}; put back a catalog.sqlite that has them, or register them (meterhouse import --meters "
                    "FILE --data {}), or start with --allow-unregistered, which rejects what they send",
                    what, program.options.data)};
  program.events.record(event_type::kError, what + ": what they send is rejected until they are registered again");
  return {};
}

Result<std::unique_ptr<DataDirectory>> open_data(const Program& program, Failure& failure) {
  const std::string& path = program.options.data;
  const Config& config = program.configuration.config;
  const auto start = std::chrono::steady_clock::now();
  auto options = data_options(program.options, config.server, failure);
  options.on_step = [&gate = program.gate](std::string_view step) { gate.begin_step(step); };
  options.on_replay = [&gate = program.gate](const EmbeddedOptions::Replayed& replayed) {
    gate.note_replay(replayed.readings, replayed.bytes, replayed.bytes_max);
  };
  auto data = DataDirectory::open(path, config.site, program.files, program.clock, std::move(options));
  const auto attempt = fmt::format("the data directory {}", path);
  if (!data) return data.error().during(attempt);
  tell_opened(program.events, path, **data, std::chrono::steady_clock::now() - start);
  program.gate.begin_step("looking for readings of meters that are not registered");
  if (const Status registered = check_registered(program, **data); !registered) {
    (void)(*data)->close();  // the error that counts is this one
    return registered.error().during(attempt);
  }
  return data;
}

// Fills an empty directory with the demonstration's town and keeps it living. nullptr: the directory has other meters,
// or a signal came meanwhile.
Result<std::unique_ptr<DemoTrickle>> start_demo(const Program& program, DataDirectory& data) {
  const Clock& clock = program.clock;
  program.gate.begin_step("adding the demonstration's readings");
  auto town = DemoTown::open(data.site(), data.catalog(), data.readings(), data.meters(), clock.now(), {});
  if (!town) return town.error();
  if (*town == nullptr) {
    program.events.record(event_type::kSystem, "demo: the data directory holds other meters; it stays as it is");
    return std::unique_ptr<DemoTrickle>{};
  }
  const auto added = (*town)->bring_up_to(clock.now(), [&] { return program.signals.requested(); });
  if (!added) return added.error();
  if (program.signals.requested()) {
    program.events.record(event_type::kSystem,
                          fmt::format("demo: stopped after {} readings; the next start adds the others", *added));
    return std::unique_ptr<DemoTrickle>{};
  }
  program.events.record(event_type::kSystem,
                        fmt::format("demo: a simulated town of {} meters, {} readings added; the first meter is {}",
                                    (*town)->size(), *added, (*town)->first_meter().text()));
  const auto on_error = [&events = program.events](const Error& error) {
    events.record(event_type::kError, "demo: " + error.message);
  };
  return std::make_unique<DemoTrickle>(std::move(*town), clock, on_error);
}

// Answers until a signal comes, and ends with all requests finished.
Status answer_requests(const Program& program, DataDirectory& data) {
  const auto& [config, listen, calendar] = program.configuration;
  const UsageQueries usage{config.site, data.calendar(), program.clock, data.catalog(), data.readings()};
  const std::string& path = program.options.data;
  auto store_id = read_or_make_store_id(program.files, path, new_store_id);
  if (!store_id) return store_id.error();
  OnlineBackup backups{
      {.files = program.files,
       .clock = program.clock,
       .directory = backup_directory(program.options),
       .store = std::move(*store_id),
       .readings = data.readings(),
       .catalog = data.catalog(),
       .registry = data.registry(),
       .kept = config.server.backups_kept,
       .shipper = data.shipper(),
       .digest_of = [](const auto&... of) { return at_leisure([&] { return digest_of(of...); }); },
       .digest_of_meters = digest_of_meters_in,
       .replay = replay_frames_into,
       .settle = settle_restored,
       .digests_of_directory =
           [&](const std::string& directory) { return digests_of_directory(program.files, directory); },
       .free_bytes = free_bytes}};
  BackgroundWork background{data, usage, program.clock, config.server, backups, program.events};
  program.gate.begin_step("resuming jobs and maintenance");
  if (auto started = background.start(); !started) return started.error();
  Api api{ApiParts{.site = config.site,
                   .calendar = data.calendar(),
                   .clock = program.clock,
                   .registry = data.registry(),
                   .directory = data.meters(),
                   .usage = usage,
                   .store = data.readings(),
                   .catalog = data.catalog(),
                   .jobs = background.jobs(),
                   .maintenance = background.maintenance(),
                   .events = program.events,
                   .backups = backups,
                   .shipper = data.shipper(),
                   .maintenance_duration = Seconds{config.server.maintenance_seconds},
                   .bulk_records_max = config.server.bulk_records_max},
          config.server.worker_threads};
  api.observe(program.server);
  program.gate.open(api);
  program.events.record(event_type::kSystem,
                        fmt::format("listening on http://{}:{}", listen.address, program.server.port()));
  (void)program.events.flush();  // told at once: whoever started the program may wait for it
  program.signals.wait();
  program.server.stop();
  background.stop();
  return {};
}

// From the opening of the data directory to its closing.
Status serve_data(const Program& program) {
  Failure failure{program.signals, program.events};
  auto data = open_data(program, failure);
  if (!data) return data.error();
  program.signals.begin_service();
  std::unique_ptr<DemoTrickle> demo;
  if (program.options.demo) {
    auto started = start_demo(program, **data);
    if (!started) return started.error().during("the demo town");
    demo = std::move(*started);
  }
  const Status answered = program.signals.requested() ? Status{} : answer_requests(program, **data);
  demo.reset();  // before the store it writes to is closed
  auto closed = (*data)->close();
  if (!answered) return answered;
  if (failure.happened) return Error{Errc::io, "the journal failed; the next start replays what was acknowledged"};
  return closed;
}

// Each connection is an open file, and the soft limit of a shell is often 1024.
void raise_file_limit(EventLog& events, std::size_t connections_max) {
  constexpr rlim_t kOwnFiles = 1'000;  // journal, segments, catalog
  const rlim_t wanted = connections_max + kOwnFiles;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < wanted)
    events.record(event_type::kSystem,
                  fmt::format("the system allows {} open files: fewer than connections_max {} can be served at a time",
                              limit.rlim_cur, connections_max));
}

int run(const ServeOptions& options) {
  StopSignals::block();
  std::signal(SIGPIPE, SIG_IGN);

  FileSystem& files = posix_file_system();
  const SystemClock clock;
  const auto configuration = read_configuration(files, options);
  if (!configuration) return report("serve", {Errc::invalid_argument, configuration.error().message});
  const auto& [config, listen, calendar] = *configuration;
  using Format = StreamEventSink::Format;
  StreamEventSink sink{STDOUT_FILENO, isatty(STDOUT_FILENO) == 1 ? Format::text : Format::json, calendar};
  EventLog events{clock, {.sink = &sink, .kept_max = config.server.events_max}};
  StopSignals signals{events};
  StartGate gate;
  auto server = Server::start(server_options(config.server, listen), gate, clock);
  if (!server) return report("serve", server.error());

  events.record(event_type::kSystem, "meterhouse " METERHOUSE_VERSION " starts");
  raise_file_limit(events, config.server.connections_max);
  tell_ignored(events, options, config);
  if (!listen.loopback)
    events.record(event_type::kSystem,
                  fmt::format("listening on {}, which is not loopback: whoever reaches this address can read and write "
                              "everything",
                              listen.address));
  const Status served = serve_data({files, clock, options, *configuration, events, signals, gate, **server});
  if (!served) return report("serve", served.error());
  events.record(event_type::kSystem, "stopped; everything is folded");
  return kExitOk;
}

}  // namespace

void add_serve(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("serve", "Answer HTTP: take in readings, tell consumption, show the pages");
  const auto options = std::make_shared<ServeOptions>();  // shared with the callback, which outlives this function
  command->add_option("--data", options->data, "The data directory; made where there is none")->capture_default_str();
  command->add_option("--listen", options->listen, "Address and port")->capture_default_str();
  command->add_option("--config", options->config, "Regions, areas, dwelling types, time zone, limits")
      ->capture_default_str();
  command->add_option("--backup-dir", options->backup_dir,
                      "Where backups go; best on another disk (default: `backups` in the data directory)");
  command->add_flag("--demo", options->demo,
                    "Fill an empty data directory with a small simulated town, and keep it living");
  command->add_flag("--allow-unregistered", options->allow_unregistered,
                    "Start although the catalog lacks meters that have readings");
  command->add_option("--head-budget-kb", options->head_budget_kb, "For tests: memory of the head before it folds")
      ->check(CLI::Range(1, 1 << 30))
      ->group("");  // not in the help
  command->footer(kExamples);
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace meterhouse::cli

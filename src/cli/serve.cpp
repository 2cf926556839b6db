#include "cli/serve.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <memory>

#include "base/clock.h"
#include "base/file_system.h"
#include "cli/command.h"
#include "cli/config.h"
#include "cli/data_directory.h"
#include "cli/demo_town.h"
#include "cli/listen_address.h"
#include "http/api.h"
#include "http/server.h"

namespace meterhouse::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  meterhouse serve --data data --demo
  meterhouse serve --data /var/lib/meterhouse --config /etc/meterhouse.json --listen 127.0.0.1:8050

SIGTERM and Ctrl-C finish the requests in flight, fold the journal and exit with 0.
Exit codes: 0 stopped in good order, 1 failed, 2 wrong options or configuration.)";

// Set by the store where the journal cannot be synced: the process ends, and the next start replays what was
// acknowledged.
std::atomic<bool> store_failed = false;

sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

// A directory that holds something else is not written into.
Status check_directory(FileSystem& files, const std::string& path) {
  const auto there = files.exists(path);
  if (!there) return there.error();
  if (!*there) return {};
  const auto names = files.list(path);
  if (!names) return names.error();
  if (names->empty()) return {};
  const auto ours = files.exists(catalog_path(path));
  if (!ours) return ours.error();
  if (*ours) return {};
  return Error{Errc::invalid_argument,
               fmt::format("{} is not empty and is no data directory of Meterhouse; name another one", path)};
}

DataDirectory::Options data_options(const ServeOptions& given, const ServerSettings& settings) {
  DataDirectory::Options options;
  options.head_budget_bytes = given.head_budget_kb != 0 ? given.head_budget_kb << 10 : settings.head_budget_mb << 20;
  options.on_background_error = [](const Error& error) { spdlog::error("in the background: {}", error.message); };
  options.on_failure = [](const Error& error) {
    spdlog::critical("the journal failed, nothing more is acknowledged: {}", error.message);
    store_failed = true;
    kill(getpid(), SIGTERM);
  };
  return options;
}

void log_opened(const std::string& path, DataDirectory& data, std::chrono::duration<double> took) {
  const StoreStats stats = data.readings().stats();
  const OpenReport& report = data.readings().open_report();
  spdlog::info("data directory {}: {} meters, {} readings ({} replayed from the journal) in {:.2f} s", path,
               data.meters().size(), stats.head_readings + stats.segment_readings, report.replayed_readings,
               took.count());
  if (report.damage)
    spdlog::error("what was replayed could not all be compared with what is stored: {}", report.damage->message);
  if (report.torn)
    spdlog::warn("the last run was interrupted: dropped a frame that was not acknowledged ({}, {} bytes at offset {})",
                 report.torn->file, report.torn->length, report.torn->offset);
}

struct Configuration {
  Config config;
  ListenAddress listen;
};

Result<Configuration> read_configuration(FileSystem& files, const ServeOptions& options) {
  auto config = read_config(files, options.config);
  if (!config) return config.error();
  auto listen = parse_listen_address(options.listen);
  if (!listen) return listen.error().during("--listen");
  return Configuration{std::move(*config), std::move(*listen)};
}

void log_ignored(const ServeOptions& options, const Config& config) {
  for (const ConfigKey& key : config.ignored)
    spdlog::info("{}: {} is not used ({})", options.config, key.path, key.ignored);
}

Result<std::unique_ptr<DataDirectory>> open_data(FileSystem& files, const Clock& clock, const ServeOptions& options,
                                                 const Configuration& configuration) {
  if (const auto ours = check_directory(files, options.data); !ours) return ours.error();
  const auto start = std::chrono::steady_clock::now();
  const auto& config = configuration.config;
  auto data = DataDirectory::open(options.data, config.site, files, clock, data_options(options, config.server));
  if (!data) return data.error().during(fmt::format("the data directory {}", options.data));
  log_opened(options.data, **data, std::chrono::steady_clock::now() - start);
  return data;
}

// Answers until a signal comes.
Status answer_requests(DataDirectory& data, const Clock& clock, const Configuration& configuration) {
  const auto& [config, listen] = configuration;
  const UsageQueries usage{config.site, data.calendar(), clock, data.catalog(), data.readings()};
  Api api{ApiParts{.site = config.site,
                   .calendar = data.calendar(),
                   .clock = clock,
                   .registry = data.registry(),
                   .directory = data.meters(),
                   .usage = usage,
                   .store = data.readings(),
                   .bulk_records_max = config.server.bulk_records_max},
          config.server.worker_threads};
  auto server = Server::start(server_options(config.server, listen), api, clock);
  if (!server) return server.error();
  api.observe(**server);
  if (!listen.loopback)
    spdlog::warn("listening on {}, which is not loopback: whoever reaches this address can read and write everything",
                 listen.address);
  spdlog::info("listening on http://{}:{}", listen.address, (*server)->port());

  const sigset_t signals = stop_signals();
  int signal = 0;
  sigwait(&signals, &signal);
  spdlog::info("stopping ({}): finishing the requests in flight", signal == SIGINT ? "SIGINT" : "SIGTERM");
  (*server)->stop();
  return {};
}

// Fills an empty directory with the demonstration's town and keeps it living. nullptr: the directory has other meters.
Result<std::unique_ptr<DemoTrickle>> start_demo(DataDirectory& data, const Clock& clock) {
  auto town = DemoTown::open(data.site(), data.catalog(), data.readings(), data.meters(), clock.now(), {});
  if (!town) return town.error();
  if (*town == nullptr) {
    spdlog::info("demo: the data directory holds other meters; it stays as it is");
    return std::unique_ptr<DemoTrickle>{};
  }
  const auto added = (*town)->bring_up_to(clock.now());
  if (!added) return added.error();
  spdlog::info("demo: a simulated town of {} meters, {} readings added; the first meter is {}", (*town)->size(), *added,
               (*town)->first_meter().text());
  const auto on_error = [](const Error& error) { spdlog::error("demo: {}", error.message); };
  return std::make_unique<DemoTrickle>(std::move(*town), clock, on_error);
}

int run(const ServeOptions& options) {
  spdlog::set_default_logger(spdlog::stdout_logger_mt("meterhouse"));
  spdlog::set_pattern("%Y-%m-%d %H:%M:%S.%e %l: %v");
  spdlog::flush_on(spdlog::level::info);
  const sigset_t signals = stop_signals();  // blocked before there are threads, so that only sigwait gets them
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  FileSystem& files = posix_file_system();
  const SystemClock clock;
  const auto configuration = read_configuration(files, options);
  if (!configuration) return report("serve", {Errc::invalid_argument, configuration.error().message});
  spdlog::info("meterhouse " METERHOUSE_VERSION);
  log_ignored(options, configuration->config);
  auto data = open_data(files, clock, options, *configuration);
  if (!data) return report("serve", data.error());
  std::unique_ptr<DemoTrickle> demo;
  if (options.demo) {
    auto started = start_demo(**data, clock);
    if (!started) return report("serve", started.error().during("the demo town"));
    demo = std::move(*started);
  }

  const Status answered = answer_requests(**data, clock, *configuration);
  demo.reset();  // before the store it writes to is closed
  const Status closed = (*data)->close();
  if (!answered) return report("serve", answered.error());
  if (store_failed) return kExitFailed;
  if (!closed) return report("serve", closed.error());
  spdlog::info("stopped; everything is folded");
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
  command->add_flag("--demo", options->demo, "Fill an empty data directory with a small simulated town");
  command->add_option("--head-budget-kb", options->head_budget_kb, "For tests: memory of the head before it folds")
      ->check(CLI::Range(1, 1 << 30))
      ->group("");  // not in the help
  command->footer(kExamples);
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace meterhouse::cli

#include "cli/job.h"

#include <boost/json.hpp>
#include <cstdio>
#include <thread>

#include "cli/command.h"
#include "cli/json_fields.h"
#include "cli/server_api.h"

namespace meterhouse::cli {
namespace {

namespace json = boost::json;

constexpr auto kPollEvery = std::chrono::milliseconds{200};

constexpr const char* kHelp = R"(Examples:
  meterhouse job daily --wait
  meterhouse job backup --server http://127.0.0.1:8050 --wait
  meterhouse job drill --wait --json
  meterhouse job list

Asks a running server for a job, as its schedule does; where that job waits or runs already, it is that run. Readings are
taken in and queries answered meanwhile.)";

constexpr const char* kRunHelp =
    R"(Without --wait it ends as soon as the server has taken the job in; `meterhouse job list` tells what came of it. With --wait
each step is told as it ends; Ctrl-C ends the waiting, not the job.
Exit codes: 0 done (without --wait: taken in), 1 a step failed or the server could not be asked, 2 wrong options.)";

constexpr const char* kListHelp = R"(Examples:
  meterhouse job list
  meterhouse job list --job daily --limit 100 --json

Newest first.
Exit codes: 0 done, 1 the server could not be asked, 2 wrong options.)";

struct Options {
  std::string server = "http://127.0.0.1:8050";
  std::string job;  // list: only this one
  int limit = 20;
  bool wait = false;
  bool json = false;
};

struct Job {
  const char* name;    // on the command line
  const char* target;  // that begins it
  const char* what;
};
constexpr Job kJobs[] = {
    {"daily", "/api/v1/jobs/daily", "Run the daily job for yesterday"},
    {"backup", "/api/v1/backups", "Make a backup and check it"},
    {"drill", "/api/v1/backups/drill", "Restore the newest backup, compare it with the store, remove it"},
};

bool has_ended(const json::value& run) { return text_at(run, "state") != "running"; }

// The step that runs, for a person who looks on.
class StepLine {
 public:
  ~StepLine() { wipe(); }
  void show(const json::value& run) {
    if (!stderr_is_terminal()) return;
    for (const auto& step : list_at(run, "steps")) {
      if (text_at(step, "state") != "running") continue;
      const auto* progress = step.as_object().if_contains("progress");
      const std::string part = progress != nullptr && progress->is_number()
                                   ? fmt::format(" {:.0f} %", progress->to_number<double>() * 100)
                                   : "";
      fmt::print(stderr, "\r\033[K{}{}", text_at(step, "name"), part);
      std::fflush(stderr);
      shown_ = true;
    }
  }
  void wipe() {
    if (shown_) fmt::print(stderr, "\r\033[K");
    shown_ = false;
  }

 private:
  bool shown_ = false;
};

// The run as it ended.
Result<json::value> wait_for(ServerApi& server, json::value run, bool tell) {
  StepLine line;
  std::size_t told = 0;
  const auto target = fmt::format("/api/v1/jobs/{}", count_at(run, "id"));
  for (;;) {
    const auto& steps = list_at(run, "steps");
    for (; told < steps.size(); ++told) {
      const auto state = text_at(steps[told], "state");
      if (state == "waiting" || state == "running") break;
      line.wipe();
      if (tell) fmt::print("{}\n", job_step_line(steps[told]));
      std::fflush(stdout);
    }
    if (has_ended(run)) return run;
    line.show(run);
    std::this_thread::sleep_for(kPollEvery);
    auto next = server.get(target);
    if (!next) return next.error().during(fmt::format("run {} goes on in the server; its state", count_at(run, "id")));
    run = std::move(*next);
  }
}

Result<json::value> begin(const Options& options, const Job& job) {
  auto server = ServerApi::connect(options.server);
  if (!server) return server.error();
  auto run = server->start_job(job.target);
  if (!run || !options.wait) return run;
  return wait_for(*server, std::move(*run), !options.json);
}

int run_job(const Options& options, const Job& job) {
  const auto run = begin(options, job);
  if (!run) return report(fmt::format("job {}", job.name), run.error());
  fmt::print("{}\n", options.json ? json::serialize(*run) : job_line(*run));
  const auto state = text_at(*run, "state");
  return state == "done" || (!options.wait && state == "running") ? kExitOk : kExitFailed;
}

int run_list(const Options& options) {
  auto server = ServerApi::connect(options.server);
  if (!server) return report("job list", server.error());
  auto target = fmt::format("/api/v1/jobs?limit={}", options.limit);
  if (!options.job.empty()) target += "&job=" + url_encoded(options.job);
  const auto page = server->get(target);
  if (!page) return report("job list", page.error());
  if (options.json) {
    fmt::print("{}\n", json::serialize(*page));
    return kExitOk;
  }
  const auto& runs = list_at(*page, "jobs");
  for (const auto& run : runs) {
    fmt::print("{}\n", job_line(run));
    for (const auto& step : list_at(run, "steps"))
      if (text_at(step, "state") == "failed") fmt::print("  {}\n", job_step_line(step));
  }
  if (runs.empty()) fmt::print("no runs\n");
  return kExitOk;
}

void add_common(CLI::App& command, const std::shared_ptr<Options>& options) {
  command.add_option("--server", options->server, "The server's address")->capture_default_str();
  command.add_flag("--json", options->json, "Print what the server answers");
}

}  // namespace

std::string job_line(const json::value& run) {
  const auto day = text_at(run, "day");
  std::uint64_t took_ms = 0;
  for (const auto& step : list_at(run, "steps")) took_ms += count_at(step, "duration_ms");
  const auto state = text_at(run, "state");
  return fmt::format("run {}: {}{}, {}, {} {}{}", count_at(run, "id"), text_at(run, "job"),
                     day.empty() ? "" : fmt::format(" of {}", day), text_at(run, "trigger"), text_at(run, "started"),
                     state,
                     state == "running" ? "" : fmt::format(" in {:.1f} s", static_cast<double>(took_ms) / 1'000));
}

std::string job_step_line(const json::value& step) {
  return fmt::format("{:<14} {:<8} {:>7.1f} s  {}", text_at(step, "name"), text_at(step, "state"),
                     static_cast<double>(count_at(step, "duration_ms")) / 1'000, text_at(step, "outcome"));
}

void add_job(CLI::App& app, int& exit_code) {
  auto* job = app.add_subcommand("job", "Have a running server do one of its jobs, and list them");
  job->require_subcommand(1);
  job->footer(kHelp);
  const auto options = std::make_shared<Options>();  // shared with the callbacks, which outlive this function
  for (const Job& one : kJobs) {
    auto* command = job->add_subcommand(one.name, one.what);
    add_common(*command, options);
    command->add_flag("--wait", options->wait, "Wait for the end, and tell each step");
    command->footer(kRunHelp);
    command->callback([options, &one, &exit_code] { exit_code = run_job(*options, one); });
  }
  auto* list = job->add_subcommand("list", "List the runs of jobs, with the steps that failed");
  add_common(*list, options);
  list->add_option("--job", options->job, "Only this one: daily, backup, backup_drill");
  list->add_option("--limit", options->limit, "How many")->check(CLI::Range(1, 200))->capture_default_str();
  list->footer(kListHelp);
  list->callback([options, &exit_code] { exit_code = run_list(*options); });
}

}  // namespace meterhouse::cli

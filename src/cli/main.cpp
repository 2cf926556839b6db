#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <memory>

#include "base/nearest.h"
#include "base/printable.h"
#include "cli/backup.h"
#include "cli/command.h"
#include "cli/export.h"
#include "cli/import.h"
#include "cli/job.h"
#include "cli/out_of_memory.h"
#include "cli/restore.h"
#include "cli/serve.h"
#include "cli/simulate.h"
#include "cli/verify.h"

namespace meterhouse::cli {
namespace {

constexpr const char* kAbout =
    R"(Meterhouse: registers electricity meters, takes in their readings, and answers how much was used and when.)";

constexpr std::size_t kWordBytesShown = 100;

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  const std::vector<std::string_view> words(known.begin(), known.end());
  const auto nearest = nearest_word(word, words);
  return nearest ? fmt::format("; did you mean {}?", *nearest) : std::string{};
}

// A command that there is not. CLI11 says of `meterhouse bogus` only that a command is missing.
int report_unknown(const CLI::App& app, const std::string& word) {
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands({})) names.push_back(command->get_name());
  fmt::print(stderr, "meterhouse: there is no command `{}`; the commands are {}{}\n", printable(word, kWordBytesShown),
             fmt::join(names, ", "), did_you_mean(word, names));
  return kExitUsage;
}

// What nobody takes on the command line of a command: first of all an option, which is most likely mistyped.
int report_extra(const CLI::App& command, const std::vector<std::string>& extra) {
  const auto option = std::ranges::find_if(extra, [](const std::string& word) { return word.starts_with('-'); });
  const bool found = option != extra.end();
  const std::string word = found ? option->substr(0, option->find('=')) : extra.front();
  std::vector<std::string> names;
  for (const auto* known : command.get_options())
    for (const auto& name : known->get_lnames()) names.push_back("--" + name);
  const std::string of = command.get_parent() == nullptr ? "" : " " + command.get_name();
  fmt::print(stderr, "meterhouse{0}: {1} `{2}`{3}\n`meterhouse{0} --help` lists what there is.\n", of,
             found ? "there is no option" : "nothing is to stand here:", printable(word, kWordBytesShown),
             found ? did_you_mean(word, names) : "");
  return kExitUsage;
}

// CLI11's own words, but for what it says of names that there are not.
int report_usage(const CLI::App& app, const CLI::ParseError& error) {
  const auto commands = app.get_subcommands();
  const auto extra = app.remaining(true);
  const bool of_names = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::RequiredError) ||
                        error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError);
  if (of_names && !extra.empty()) {
    if (!commands.empty()) return report_extra(*commands.front(), extra);
    return extra.front().starts_with('-') ? report_extra(app, extra) : report_unknown(app, extra.front());
  }
  return app.exit(error) == 0 ? kExitOk : kExitUsage;  // --help ends as an error of code 0
}

constexpr const char* kVersion = "meterhouse " METERHOUSE_VERSION;

void add_version(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("version", "Print the version");
  const auto json = std::make_shared<bool>(false);  // shared with the callback, which outlives this function
  command->add_flag("--json", *json, "Print it as JSON");
  command->callback([json, &exit_code] {
    if (*json)
      fmt::print("{{\"version\":\"{}\"}}\n", METERHOUSE_VERSION);
    else
      fmt::print("{}\n", kVersion);
    exit_code = kExitOk;
  });
}

void add_help(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("help", "Print this help, or that of a command");
  const auto name = std::make_shared<std::string>();  // shared with the callback, which outlives this function
  command->add_option("command", *name, "Of which command");
  command->callback([name, &app, &exit_code] {
    const auto commands = app.get_subcommands([&](const CLI::App* one) { return one->get_name() == *name; });
    if (!name->empty() && commands.empty()) {
      exit_code = report_unknown(app, *name);
      return;
    }
    fmt::print("{}", name->empty() ? app.get_formatter()->make_help(&app, app.get_name(), CLI::AppFormatMode::Normal)
                                   : commands.front()->help(app.get_name()));
    exit_code = kExitOk;
  });
}

// A table of contents: each adds its options, its help and what it does.
constexpr void (*kSubcommands[])(CLI::App&, int&) = {add_serve,   add_simulate, add_import, add_export,  add_backup,
                                                     add_restore, add_verify,   add_job,    add_version, add_help};

int run(int argc, char** argv) {
  CLI::App app{kAbout, "meterhouse"};
  app.require_subcommand(1);
  app.set_version_flag("--version", kVersion);
  app.footer("`meterhouse COMMAND --help` tells more, with examples.");
  int exit_code = kExitOk;
  for (const auto add : kSubcommands) add(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return report_usage(app, error);
  }
  return exit_code;
}

}  // namespace
}  // namespace meterhouse::cli

int main(int argc, char** argv) {
  meterhouse::cli::stop_when_out_of_memory();
  try {
    return meterhouse::cli::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "meterhouse: {}\n", error.what());
    return meterhouse::cli::kExitFailed;
  }
}

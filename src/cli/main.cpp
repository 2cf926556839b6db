#include <CLI/CLI.hpp>
#include <exception>
#include <memory>

#include "cli/command.h"
#include "cli/export.h"
#include "cli/import.h"
#include "cli/printable.h"
#include "cli/serve.h"
#include "cli/simulate.h"
#include "cli/verify.h"

namespace meterhouse::cli {
namespace {

constexpr const char* kAbout =
    R"(Meterhouse: registers electricity meters, takes in their readings, and answers how much was used and when.)";

void add_version(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("version", "Print the version");
  const auto json = std::make_shared<bool>(false);  // shared with the callback, which outlives this function
  command->add_flag("--json", *json, "Print it as JSON");
  command->callback([json, &exit_code] {
    fmt::print(fmt::runtime(*json ? "{{\"version\":\"{}\"}}\n" : "meterhouse {}\n"), METERHOUSE_VERSION);
    exit_code = kExitOk;
  });
}

// A table of contents: each adds its options, its help and what it does.
constexpr void (*kSubcommands[])(CLI::App&, int&) = {add_serve,  add_simulate, add_import,
                                                     add_export, add_verify,   add_version};

// CLI11 says of `meterhouse bogus` only that a command is missing.
int report_unknown_command(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands({})) names.push_back(command->get_name());
  fmt::print(stderr, "meterhouse: there is no command `{}`; the commands are {}\n",
             printable(app.remaining().front(), 100), fmt::join(names, ", "));
  return kExitUsage;
}

int run(int argc, char** argv) {
  CLI::App app{kAbout, "meterhouse"};
  app.require_subcommand(1);
  app.set_version_flag("--version", METERHOUSE_VERSION);
  app.footer("`meterhouse COMMAND --help` tells more, with examples.");
  int exit_code = kExitOk;
  for (const auto add : kSubcommands) add(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::RequiredError& error) {
    if (app.get_subcommands().empty() && !app.remaining().empty()) return report_unknown_command(app);
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;  // --help ends as an error of code 0
  }
  return exit_code;
}

}  // namespace
}  // namespace meterhouse::cli

int main(int argc, char** argv) {
  try {
    return meterhouse::cli::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "meterhouse: {}\n", error.what());
    return meterhouse::cli::kExitFailed;
  }
}

#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <string>

#include "cli/reading_options.h"

namespace meterhouse::cli {

struct ServeOptions {
  std::string data = "data";
  std::string listen = "127.0.0.1:8050";
  std::string config = kDefaultConfig;
  std::string backup_dir;  // empty: "backups" in the data directory
  bool demo = false;
  bool allow_unregistered = false;
  std::uint64_t head_budget_kb = 0;  // instead of the configuration's head_budget_mb; for tests: it folds every moment
};

// `meterhouse serve`: opens the data directory and answers HTTP until SIGTERM or SIGINT.
void add_serve(CLI::App& app, int& exit_code);

}  // namespace meterhouse::cli

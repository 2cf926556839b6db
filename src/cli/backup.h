#pragma once

#include <CLI/App.hpp>

namespace meterhouse::cli {

// `meterhouse backup create|list|verify|prune`: the backups of a data directory.
void add_backup(CLI::App& app, int& exit_code);

}  // namespace meterhouse::cli

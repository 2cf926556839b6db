#pragma once

#include <CLI/App.hpp>

namespace meterhouse::cli {

// `meterhouse restore`: a data directory out of a backup and the shipped journal.
void add_restore(CLI::App& app, int& exit_code);

}  // namespace meterhouse::cli

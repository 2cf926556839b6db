#pragma once

#include <CLI/App.hpp>

namespace meterhouse::cli {

// `meterhouse import`: a file of readings to a server or into a data directory.
void add_import(CLI::App& app, int& exit_code);

}  // namespace meterhouse::cli

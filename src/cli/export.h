#pragma once

#include <CLI/App.hpp>

namespace meterhouse::cli {

// `meterhouse export`: readings or consumption out of a server or a data directory.
void add_export(CLI::App& app, int& exit_code);

}  // namespace meterhouse::cli

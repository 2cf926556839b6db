#pragma once

#include <CLI/App.hpp>

namespace meterhouse::cli {

// `meterhouse verify DIR`: reads everything in a data directory and tells what is damaged.
void add_verify(CLI::App& app, int& exit_code);

}  // namespace meterhouse::cli

#pragma once

#include <CLI/CLI.hpp>
#include <boost/json/value.hpp>
#include <string>

namespace meterhouse::cli {

void add_job(CLI::App& app, int& exit_code);

// How a run as the server answers it reads: in a line, and a step of it in a line.
std::string job_line(const boost::json::value& run);
std::string job_step_line(const boost::json::value& step);

}  // namespace meterhouse::cli

#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "cli/reading_options.h"
#include "formats/reading_rows.h"
#include "simulator/feed.h"
#include "simulator/town.h"
#include "store/readings.h"

namespace meterhouse::cli {

// `meterhouse simulate`: a deterministic town's readings to a file, to standard output or to a server.
// The callback that CLI11 runs sets exit_code.
void add_simulate(CLI::App& app, int& exit_code);

struct SimulateOptions {
  simulator::TownOptions town;
  std::string start = "2025-01-01";
  std::uint32_t days = 30;
  bool until_now = false;
  std::uint32_t interval_minutes = 30;
  std::string first_meter = "100000001";
  simulator::Order order = simulator::Order::by_time;
  std::string config = kDefaultConfig;

  std::string output = "-";
  std::string format;       // empty: by the file's name, else CSV
  std::string meters_file;  // empty: none
  std::string faults_file;  // empty: none

  std::string server;  // empty: to the output
  double rate = 0;     // readings a second; 0: as fast as it goes
  std::uint32_t connections = 2;
  std::uint32_t batch = 10'000;
  bool register_meters = true;
  bool json = false;
};

struct SimulateSummary {
  std::uint64_t meters = 0;
  std::uint64_t registered = 0;
  std::uint64_t readings = 0;  // sent or written, repeated ones included
  std::uint64_t faults = 0;
  AppendCounts counts;  // a server's
  std::uint64_t rejected = 0;
  std::string first_rejection;
  double seconds = 0;
};

// How many readings a clean town has: for the progress bar.
std::uint64_t expected_readings(const simulator::Town& town);

// simulate_output.cpp: the readings, meters and faults into files.
Result<SimulateSummary> simulate_to_output(const simulator::Town& town, const SimulateOptions& options);
// simulate_server.cpp: registers the meters and sends the readings over several connections.
Result<SimulateSummary> simulate_to_server(const simulator::Town& town, const SimulateOptions& options);

}  // namespace meterhouse::cli

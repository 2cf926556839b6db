#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "load_loop.h"

// What the benchmarks over HTTP have in common.

namespace meterhouse::bench {

inline constexpr std::uint32_t kFirstMeter = 100'000'000;

// What the command line names: the server's program and configuration, and where the data go.
struct Place {
  std::string program;
  std::string config;
  std::string directory;

  std::string fresh(std::string_view name) const;  // the path of a data directory of that name, removed
};

// kFirstMeter and those after it, spread over areas and dwelling types.
void register_meters(std::uint16_t port, std::uint32_t meters);

// POST /meter/reading by 64 connections, which share `meters` (at least 64) from kFirstMeter on.
//   options  `port` and `connections` are set here
LoadResult run_singles(std::uint16_t port, std::uint32_t meters, LoadOptions options);

// One request on a connection of its own: the body of the answer, which must have a status of 2xx.
std::string call(std::uint16_t port, std::string_view method, std::string_view target, std::string_view body = {});

}  // namespace meterhouse::bench

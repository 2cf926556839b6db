#pragma once

#include <source_location>
#include <string_view>

namespace meterhouse {

// Prints the broken condition and where it stands, then aborts. For our own mistakes, never for input.
[[noreturn]] void check_failed(std::string_view condition, std::source_location where);

}  // namespace meterhouse

// On in all builds: better stopped than billed wrongly.
#define MH_CHECK(condition)                                                    \
  do {                                                                         \
    if (!(condition)) [[unlikely]]                                             \
      ::meterhouse::check_failed(#condition, std::source_location::current()); \
  } while (false)

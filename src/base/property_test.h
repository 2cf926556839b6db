#pragma once

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <string>

namespace meterhouse {

// The seed of every random test: MH_TEST_SEED from the environment, else a fixed number, so that a run can be repeated.
inline std::uint64_t test_seed() {
  constexpr std::uint64_t kDefaultSeed = 20250220;
  const char* const text = std::getenv("MH_TEST_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : kDefaultSeed;
}

// For test programs only. Included anywhere in one it makes every RC_GTEST_PROP start from test_seed(); RapidCheck
// prints the seed with a failure. Settings already in RC_PARAMS win.
inline const bool kPropertyTestsSeeded = [] {
  const char* const given = std::getenv("RC_PARAMS");
  const std::string params = "seed=" + std::to_string(test_seed()) + " " + (given != nullptr ? given : "");
  return ::setenv("RC_PARAMS", params.c_str(), 1) == 0;
}();

}  // namespace meterhouse

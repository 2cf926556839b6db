#include "store/contract/random.h"

#include <cstdlib>

namespace meterhouse {

std::uint64_t test_seed() {
  constexpr std::uint64_t kDefaultSeed = 20250220;
  const char* text = std::getenv("MH_TEST_SEED");
  return text != nullptr && *text != '\0' ? std::strtoull(text, nullptr, 10) : kDefaultSeed;
}

}  // namespace meterhouse

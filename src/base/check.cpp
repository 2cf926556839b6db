#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace meterhouse {

void check_failed(std::string_view condition, std::source_location where) {
  std::fprintf(stderr, "meterhouse: internal error: %.*s does not hold (%s:%u, %s)\n",
               static_cast<int>(condition.size()), condition.data(), where.file_name(),
               static_cast<unsigned>(where.line()), where.function_name());
  std::abort();
}

}  // namespace meterhouse

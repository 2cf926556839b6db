#include "cli/command.h"

#include <date/date.h>
#include <unistd.h>

#include <cstdio>

#include "base/printable.h"

namespace meterhouse::cli {

int report(std::string_view command, const Error& error) {
  fmt::print(stderr, "meterhouse {}: {}\n", command, printable(error.message, 4'096));
  const bool usage = error.code == Errc::invalid_argument || error.code == Errc::out_of_range;
  return usage ? kExitUsage : kExitFailed;
}

std::string utc_text(Instant at) { return date::format("%Y-%m-%dT%H:%M:%SZ", at); }

bool stderr_is_terminal() { return isatty(STDERR_FILENO) == 1; }

}  // namespace meterhouse::cli

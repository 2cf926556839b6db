#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace meterhouse::cli {

// What a subcommand ends with; the same for all of them.
enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,   // it could not be done, or (verify) damage was found
  kExitUsage = 2,    // the command line is wrong; nothing was done
  kExitPartial = 3,  // done, but some rows were rejected: they are told or listed
};

// "meterhouse import: <message>" on standard error, printable and at most 4 KiB; the exit code for it.
int report(std::string_view command, const Error& error);

// "2025-02-20T10:30:00Z"
std::string utc_text(Instant at);

// Whether a person looks at standard error.
bool stderr_is_terminal();

}  // namespace meterhouse::cli

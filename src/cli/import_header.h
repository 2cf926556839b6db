#pragma once

#include <string>
#include <string_view>

#include "cli/import_rows.h"

namespace meterhouse::cli {

// The header line with the names that CSV readings have, so that the columns of the options (or the usual names for
// them) become meter_id, at, register and channel, and every other one is ignored.
//   errors  invalid_argument: it lacks one of them, is no CSV at all,
//           or what it has for registers looks like consumption
Result<std::string> canonical_header(std::string_view line, const ImportOptions& options);

}  // namespace meterhouse::cli

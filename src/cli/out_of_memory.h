#pragma once

namespace meterhouse::cli {

// From now on an allocation that fails ends the program at once, as kill -9 would, but with a line on standard error
// and with kExitFailed. Nobody waits, folds or cleans up: that would need memory.
//   source  docs/decisions/0016-out-of-memory-stops-the-program.md
void stop_when_out_of_memory();

}  // namespace meterhouse::cli

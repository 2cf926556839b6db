#include "cli/out_of_memory.h"

#include <unistd.h>

#include <new>
#include <string_view>

#include "cli/command.h"

namespace meterhouse::cli {
namespace {

constexpr std::string_view kLine = "meterhouse: out of memory: stopped at once; nothing acknowledged is lost\n";

[[noreturn]] void stop() {
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kLine.data(), kLine.size());
  ::_exit(kExitFailed);
}

}  // namespace

void stop_when_out_of_memory() { std::set_new_handler(stop); }

}  // namespace meterhouse::cli

// A write-ahead log of the catalog as a crash or damage may leave it.
#include "store/sqlite/log_check.h"

#include <fstream>

#include "base/check.h"
#include "base/testing/temporary_directory.h"
#include "fuzz_target.h"

using namespace meterhouse;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TemporaryDirectory directory;
  const std::string database = directory.path() + "/catalog.sqlite";
  std::ofstream{database + "-wal", std::ios::binary | std::ios::trunc} << text_of(data, size);
  const auto log = check_log(database);
  if (!log) {
    MH_CHECK(log.error().code == Errc::corruption);
    return 0;
  }
  if (log->torn) MH_CHECK(log->torn->length > 0 && log->torn->offset + log->torn->length <= size);
  return 0;
}

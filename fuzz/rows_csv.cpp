#include "fuzz_target.h"
#include "rows_target.h"

using namespace meterhouse;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check_rows(ReadingFormat::csv, text_of(data, size));
  return 0;
}

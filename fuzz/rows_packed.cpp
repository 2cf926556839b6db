// What is taken is written back as the same bytes.
#include "formats/packed_rows.h"

#include "fuzz_target.h"
#include "rows_target.h"

using namespace meterhouse;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body = text_of(data, size);
  const RowsRead read = check_rows(ReadingFormat::packed, body);
  if (!read.error.empty() || read.rejected > 0) return 0;
  std::string written;
  append_packed_header(written);
  for (const Reading& reading : read.readings) append_packed(written, reading);
  MH_CHECK(written == body);
  return 0;
}

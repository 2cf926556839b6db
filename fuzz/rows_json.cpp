// A body that is taken without any reject is JSON: simdjson's strict parser says so, too.
#include <simdjson.h>

#include "fuzz_target.h"
#include "rows_target.h"

using namespace meterhouse;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view body = text_of(data, size);
  const RowsRead read = check_rows(ReadingFormat::json, body);
  if (!read.error.empty() || read.rejected > 0) return 0;
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
  simdjson::dom::parser parser;
  simdjson::dom::array rows;
  MH_CHECK(parser.parse(simdjson::padded_string{body}).get_array().get(rows) == simdjson::SUCCESS);
  MH_CHECK(rows.size() == read.readings.size());
  return 0;
}

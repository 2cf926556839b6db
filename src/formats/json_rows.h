#pragma once

#include "formats/reading_rows.h"

namespace meterhouse {

// [{…},{…}]: an array of rows, its syntax checked to the last byte.
std::unique_ptr<RowReader> make_json_array_reader(const RowContext& context);

// One object a line; a bad line is one reject. Blank lines are skipped.
std::unique_ptr<RowReader> make_ndjson_reader(const RowContext& context);

}  // namespace meterhouse

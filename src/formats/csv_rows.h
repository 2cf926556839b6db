#pragma once

#include "formats/reading_rows.h"

namespace meterhouse {

// RFC 4180 with a header line that names the columns: meter_id, at or timestamp, register or reading, channel (may be
// missing, a field may be empty), in any order and case. Lines end in CRLF or LF; a byte order mark is skipped. A
// quoted field ends on its line: no value of ours holds a line break, and so a stray quote costs one row and not the
// rest of the file. A bad line is one reject; a header that is no use is a syntax error.
std::unique_ptr<RowReader> make_csv_reader(const RowContext& context);

}  // namespace meterhouse

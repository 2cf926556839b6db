#pragma once

#include <cstdint>
#include <string>

#include "base/site_calendar.h"
#include "formats/reading_rows.h"
#include "model/reading.h"

namespace meterhouse {

// Writes readings in one of the forms that RowReader reads; a round trip gives the same readings. Instants carry the
// calendar's offset, registers are exact decimals in kWh.
//   call order  begin, append …, end; each adds to `out`, which the caller may empty in between
//   threads     one at a time
class ReadingWriter {
 public:
  // The calendar outlives the writer.
  ReadingWriter(ReadingFormat format, const SiteCalendar& calendar) : format_(format), calendar_(calendar) {}

  void begin(std::string& out);  // the header line, the bracket or the packed header
  void append(std::string& out, const Reading& reading);
  void end(std::string& out);

 private:
  void append_instant(std::string& out, const Reading& reading);
  void append_object(std::string& out, const Reading& reading);
  void append_line(std::string& out, const Reading& reading);

  ReadingFormat format_;
  const SiteCalendar& calendar_;
  bool first_ = true;
  // The last instant's text: readings of one instant, or of one day, come in a row.
  std::int64_t cached_day_ = INT64_MIN;  // local, since 1970
  char instant_[25] = {};                // "2025-02-20T10:30:00+08:00"
  std::int64_t cached_second_ = INT64_MIN;
};

}  // namespace meterhouse

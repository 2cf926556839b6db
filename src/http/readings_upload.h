#pragma once

#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/site_calendar.h"
#include "formats/reading_rows.h"
#include "http/ingest_report.h"
#include "http/message.h"

namespace meterhouse {

// Ingest::take as a task: what was not rejected is durable when it is done.
Task<Result<AppendCounts>> store_rows(ParsedRows& rows, Ingest& ingest);

// The body of one POST of readings on its way into the store: parsed as it arrives, gathered into batches of at most
// 10 000 rows, each durable before the next is read.
//   threads  the connection's I/O thread
class ReadingsUpload {
 public:
  // All outlive the upload.
  ReadingsUpload(ReadingFormat format, const SiteCalendar& calendar, const Clock& clock, Ingest& ingest);

  // Reads the body to its end or to what ends it: a syntax error, a cut or slow body, the store's refusal. What was
  // stored before stays stored, and the report tells it either way.
  Task<std::optional<Refusal>> take(BodyReader& body);
  const IngestReport& report() const { return report_; }

 private:
  Task<std::optional<Refusal>> take_piece(std::string_view piece);
  Task<std::optional<Refusal>> take_rows();
  Task<std::optional<Refusal>> store_batch();

  const Clock& clock_;
  Ingest& ingest_;
  std::unique_ptr<RowReader> reader_;
  ParsedRows rows_;   // what the reader gave last
  ParsedRows batch_;  // gathered for the store
  IngestReport report_;
};

}  // namespace meterhouse

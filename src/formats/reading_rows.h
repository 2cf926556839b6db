#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/site_calendar.h"
#include "base/time.h"
#include "model/reading.h"

namespace meterhouse {

// The forms in which many readings come in. docs/formats/packed-readings.md has the bytes of the last.
enum class ReadingFormat : std::uint8_t { json, ndjson, csv, packed };

inline constexpr std::string_view kPackedMediaType = "application/vnd.meterhouse.readings";

// The format of a Content-Type (parameters and case do not matter); nullopt: none of ours.
std::optional<ReadingFormat> reading_format_of(std::string_view content_type);
// The format that the first bytes of a file look like. Text that is no JSON is CSV.
ReadingFormat guess_reading_format(std::string_view first_bytes);

// A row that was not taken, and why. `row` counts from 1: the element of a JSON array, the line of NDJSON, the line of
// CSV below its header (blank lines count, so that an editor finds it), the record of the packed form.
struct RowReject {
  std::uint64_t row = 0;
  std::string field;  // as the row named it; empty where it is the row as a whole
  std::string reason;

  friend bool operator==(const RowReject&, const RowReject&) = default;
};

// A batch of rows in the order of the body.
struct ParsedRows {
  static constexpr std::size_t kMaxRejects = 100;

  std::vector<Reading> readings;
  std::vector<std::uint64_t> rows;  // the row of each reading
  std::vector<RowReject> rejects;   // the first kMaxRejects of this batch
  std::uint64_t rejected = 0;       // all of this batch

  std::uint64_t size() const { return readings.size() + rejected; }
  void clear();
  void add(std::uint64_t row, const Reading& reading) {
    readings.push_back(reading);
    rows.push_back(row);
  }
  void reject(std::uint64_t row, std::string_view field, std::string_view reason);
};

// Which names a row's fields have. The legacy form knows no channel; where a name comes twice the last one counts.
enum class RowNames : std::uint8_t { v1, legacy };
enum class UnknownFields : std::uint8_t { refuse, ignore };

struct RowContext {
  const SiteCalendar& calendar;  // outlives the reader
  Instant latest_allowed;        // a later reading is refused: now + kMaxClockLead
  UnknownFields unknown_fields = UnknownFields::refuse;
  RowNames names = RowNames::v1;
};

// A meter's clock may be this much ahead of ours.
inline constexpr Seconds kMaxClockLead{300};

// At most this much is fed at once; with one unfinished row it is all the text a reader holds.
inline constexpr std::size_t kMaxFeedBytes = 1 << 20;
// A longer row is a syntax error.
inline constexpr std::size_t kMaxRowBytes = 64 << 10;
// Values nested deeper are a syntax error.
inline constexpr int kMaxJsonDepth = 16;
// Ambiguous local times need the newest instant of each channel of the body; past this many channels they are the
// earlier.
inline constexpr std::size_t kMaxTrackedChannels = 1 << 20;

// Reads the rows of one body as it arrives.
//   call order  feed, next until it returns false, feed, …, finish, next until it returns false
//   a row       {"meter_id","at","register","channel"?}, or with the first system's names "timestamp" and "reading":
//               meter_id a string of 9 digits; at an ISO 8601 time, by the site's clock where it has no offset;
//               register a number or decimal text in kWh, never through a double; channel "import" (also where it is
//               not given) or "export". An ambiguous local time is the later where this body already had that channel
//               at or after the earlier one
//   threads     one at a time
class RowReader {
 public:
  virtual ~RowReader() = default;

  // bytes  at most kMaxFeedBytes, any cut; copied. next() has returned false since the last feed (MH_CHECK).
  virtual void feed(std::string_view bytes) = 0;
  // The body is complete. Without it a cut connection leaves the rows that were delivered, and nothing else.
  virtual void finish() = 0;

  // Replaces the content of `out` with the next rows, at most max_rows (> 0), rejects included.
  //   returns  true: there may be more without further input; false: it wants more bytes, or after finish() has ended
  //   errors   invalid_argument: a syntax error; the message names the row and the place;
  //            `out` holds the good rows before it,
  //            and every later call answers the same error and no row
  virtual Result<bool> next(ParsedRows& out, std::size_t max_rows) = 0;

  // For a body that takes longer than the clock's lead.
  virtual void set_latest_allowed(Instant latest) = 0;
};

std::unique_ptr<RowReader> make_row_reader(ReadingFormat format, const RowContext& context);

// Reads a body that is in memory as a whole, in batches of at most max_rows. A batch without rows is not shown. A
// failed visit ends the walk with its error; a syntax error comes after the good rows before it were visited.
Status read_rows(RowReader& reader, std::string_view body, std::size_t max_rows,
                 const std::function<Status(ParsedRows&)>& visit);

}  // namespace meterhouse

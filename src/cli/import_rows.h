#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/site_calendar.h"
#include "formats/reading_rows.h"

namespace meterhouse::cli {

// What the user said about a file.
struct ImportOptions {
  std::optional<ReadingFormat> format;  // absent: by its first bytes

  // CSV alone:
  struct Columns {  // names in the header, in any case; empty: the usual ones
    std::string meter;
    std::string at;
    std::string value;
    std::string channel;
    // What the user says the value is: nothing, so that a name like `kwh` is asked about, or a register.
    enum class Value : std::uint8_t { unsaid, register_ } value_is = Value::unsaid;
  } columns;
  std::optional<MeterId> meter;  // of every row; the file has no such column
  // The value is the energy of an interval: it is summed up, by meter and channel, to registers that start here.
  std::optional<MilliWattHours> cumulate_from;
  enum class Label : std::uint8_t { closing, opening } label = Label::closing;  // which end of its interval a row names
  Seconds interval{1800};
};

// Fills the span; 0 at the end. errors io.
using ByteSource = std::function<Result<std::size_t>(std::span<char>)>;

// The readings of a file, batch by batch, whatever its form. One thread.
class ImportRows {
 public:
  // Reads the beginning. The calendar and the source's file outlive it; latest_allowed as in RowContext.
  //   errors  invalid_argument: the header lacks a column, or an option does not suit the format
  static Result<ImportRows> open(ByteSource source, const ImportOptions& options, const SiteCalendar& calendar,
                                 Instant latest_allowed);

  // Replaces the content of `out` with the next rows: about max_rows readings and rejects. False: these were the last.
  // A row goes by its line in the file (JSON arrays: the element, packed: the record); all rejects are listed.
  //   errors  invalid_argument: the syntax is broken past repair; `out` holds the good rows before it
  Result<bool> next(ParsedRows& out, std::size_t max_rows);

  std::uint64_t bytes() const { return bytes_; }  // read so far

  // What the file itself calls this field of a reading: its own column for `register`, `at` and the others.
  std::string column_of(const std::string& field) const;

  bool cumulates() const { return options_.cumulate_from.has_value(); }
  // With cumulate_from: the first register of each channel that began in the last batch.
  const std::vector<Reading>& begun() const { return begun_; }
  // With cumulate_from: the meters (their numbers) that have rejected rows inside a gap of a channel's rows, or rows
  // that could not be added up. Their energy is in no register, so every register after them is too low.
  const std::set<std::uint32_t>& incomplete() const { return incomplete_; }

 private:
  ImportRows(ByteSource source, const ImportOptions& options) : source_(std::move(source)), options_(options) {}

  Status read_piece();
  Status begin_csv();
  std::string csv_piece(bool last);
  void take(const ParsedRows& rows, ParsedRows& out);
  void cumulate(std::uint64_t line, const Reading& row, ParsedRows& out);

  ByteSource source_;
  ImportOptions options_;
  ReadingFormat format_ = ReadingFormat::csv;
  std::unique_ptr<RowReader> reader_;
  std::string pending_;  // read, not fed
  bool ended_ = false;   // the source has
  bool finished_ = false;
  std::uint64_t bytes_ = 0;
  std::uint64_t first_line_ = 1;
  std::string line_prefix_;
  std::map<std::string, std::string> columns_;  // a reading's field: the file's name for it

  struct Sum {
    Instant last;
    MilliWattHours value;
    std::uint64_t line = 0;  // of its last row
  };
  boost::unordered_flat_map<std::uint32_t, Sum> sums_;  // by channel
  std::uint64_t last_rejected_ = 0;                     // the line of the last reject before the row at hand
  std::vector<Reading> begun_;
  std::set<std::uint32_t> incomplete_;
  ParsedRows parsed_;
};

}  // namespace meterhouse::cli

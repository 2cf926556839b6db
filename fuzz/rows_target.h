#pragma once

#include <string>
#include <string_view>

#include "base/check.h"
#include "formats/reading_rows.h"

namespace meterhouse {

// What a body gave: for comparing two ways to read it.
struct RowsRead {
  std::vector<Reading> readings;
  std::vector<std::uint64_t> rows;
  std::vector<RowReject> rejects;
  std::uint64_t rejected = 0;
  std::string error;

  friend bool operator==(const RowsRead&, const RowsRead&) = default;
};

// London has local times that repeat and that do not exist.
inline RowContext fuzz_context(UnknownFields unknown_fields) {
  static const SiteCalendar calendar = SiteCalendar::of("Europe/London").value();
  return {calendar, instant_from_epoch(1'893'456'000), unknown_fields, RowNames::v1};
}

// Reads the body in pieces of `piece` bytes.
inline RowsRead read_rows_of(ReadingFormat format, std::string_view body, std::size_t piece,
                             UnknownFields unknown_fields) {
  const auto reader = make_row_reader(format, fuzz_context(unknown_fields));
  RowsRead read;
  ParsedRows batch;
  const auto drain = [&] {
    for (;;) {
      const auto more = reader->next(batch, 100);
      MH_CHECK(batch.size() <= 100 && batch.readings.size() == batch.rows.size());
      read.readings.insert(read.readings.end(), batch.readings.begin(), batch.readings.end());
      read.rows.insert(read.rows.end(), batch.rows.begin(), batch.rows.end());
      read.rejects.insert(read.rejects.end(), batch.rejects.begin(), batch.rejects.end());
      read.rejected += batch.rejected;
      if (!more) read.error = more.error().message;
      if (!more || !*more) return;
    }
  };
  for (; !body.empty() && read.error.empty(); body.remove_prefix(std::min(piece, body.size()))) {
    reader->feed(body.substr(0, piece));
    drain();
  }
  if (read.error.empty()) {
    reader->finish();
    drain();
  }
  return read;
}

// Rows, rejects and error do not depend on the cuts; rows are in order.
inline RowsRead check_rows(ReadingFormat format, std::string_view body) {
  for (const auto unknown : {UnknownFields::ignore, UnknownFields::refuse}) {
    const RowsRead whole = read_rows_of(format, body, kMaxFeedBytes, unknown);
    for (const std::size_t piece : {1U, 7U, 64U}) MH_CHECK(read_rows_of(format, body, piece, unknown) == whole);
    for (std::size_t i = 1; i < whole.rows.size(); ++i) MH_CHECK(whole.rows[i - 1] < whole.rows[i]);
    if (unknown == UnknownFields::refuse) return whole;
  }
  return {};
}

}  // namespace meterhouse

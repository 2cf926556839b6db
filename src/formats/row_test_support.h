#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "formats/reading_rows.h"

namespace meterhouse::test {

inline SiteCalendar calendar_of(std::string_view zone) {
  auto calendar = SiteCalendar::of(zone);
  EXPECT_TRUE(calendar.has_value()) << zone;
  return std::move(calendar).value();
}

inline const SiteCalendar& singapore() {
  static const SiteCalendar calendar = calendar_of("Asia/Singapore");
  return calendar;
}

// 2030-01-01T00:00:00Z
inline constexpr Instant kTestNow = instant_from_epoch(1'893'456'000);

inline RowContext context_of(const SiteCalendar& calendar = singapore()) {
  return {calendar, kTestNow + kMaxClockLead};
}

// All that a body gave, as text: "1 100000001 import 2025-02-20T10:30:00+08:00 123.45" or "2 at: is in the future".
struct AllRows {
  std::vector<std::string> lines;
  std::vector<std::string> taken;  // the lines that are readings
  std::string error;               // of the syntax
  std::uint64_t rejected = 0;
};

inline std::string line_of(std::uint64_t row, const Reading& reading, const SiteCalendar& calendar) {
  return fmt::format("{} {} {} {}", row, reading.key().text(), calendar.format(reading.at()),
                     format_kwh(reading.register_value()));
}

inline void collect(const ParsedRows& batch, const SiteCalendar& calendar, AllRows& all) {
  ASSERT_EQ(batch.readings.size(), batch.rows.size());
  std::size_t reject = 0;
  for (std::size_t i = 0; i <= batch.readings.size(); ++i) {
    const std::uint64_t row = i < batch.readings.size() ? batch.rows[i] : UINT64_MAX;
    for (; reject < batch.rejects.size() && batch.rejects[reject].row < row; ++reject)
      all.lines.push_back(fmt::format("{} {}: {}", batch.rejects[reject].row, batch.rejects[reject].field,
                                      batch.rejects[reject].reason));
    if (i == batch.readings.size()) break;
    all.taken.push_back(line_of(row, batch.readings[i], calendar));
    all.lines.push_back(all.taken.back());
  }
  all.rejected += batch.rejected;
}

// Feeds the body in pieces of `piece` bytes and takes batches of `max_rows`.
inline AllRows read_all(ReadingFormat format, std::string_view body, const RowContext& context,
                        std::size_t piece = kMaxFeedBytes, std::size_t max_rows = 10'000) {
  AllRows all;
  const auto reader = make_row_reader(format, context);
  ParsedRows batch;
  const auto drain = [&] {
    for (;;) {
      const auto more = reader->next(batch, max_rows);
      EXPECT_LE(batch.size(), max_rows);
      collect(batch, context.calendar, all);
      if (!more) all.error = more.error().message;
      if (!more || !*more) return;
    }
  };
  for (; !body.empty() && all.error.empty(); body.remove_prefix(std::min(piece, body.size()))) {
    reader->feed(body.substr(0, piece));
    drain();
  }
  if (!all.error.empty()) return all;
  reader->finish();
  drain();
  return all;
}

}  // namespace meterhouse::test

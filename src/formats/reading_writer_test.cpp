#include "formats/reading_writer.h"

#include <gtest/gtest.h>

namespace meterhouse {
namespace {

std::vector<Reading> sample() {
  const SeriesKey import{MeterId::from_number(100'000'001), Channel::import_};
  const SeriesKey export_{MeterId::from_number(7), Channel::export_};
  return {{import, instant_from_epoch(1'740'018'600), MilliWattHours{123'450'000}},
          {export_, instant_from_epoch(1'740'018'600), MilliWattHours{0}},
          {import, instant_from_epoch(1'743'296'400), MilliWattHours{kMaxRegister.count()}},  // the clocks go forward
          {import, instant_from_epoch(0), MilliWattHours{1}},
          {import, kLastInstant, MilliWattHours{999'999}}};
}

std::string written(ReadingFormat format, const SiteCalendar& calendar) {
  ReadingWriter writer{format, calendar};
  std::string out;
  writer.begin(out);
  for (const Reading& reading : sample()) writer.append(out, reading);
  writer.end(out);
  return out;
}

TEST(ReadingWriter, WritesLinesAPersonCanRead) {
  const auto calendar = *SiteCalendar::of("Asia/Singapore");
  EXPECT_TRUE(written(ReadingFormat::csv, calendar)
                  .starts_with("meter_id,channel,at,register\n"
                               "100000001,import,2025-02-20T10:30:00+08:00,123.45\n"
                               "000000007,export,2025-02-20T10:30:00+08:00,0\n"));
  EXPECT_TRUE(
      written(ReadingFormat::ndjson, calendar)
          .starts_with(R"({"meter_id":"100000001","at":"2025-02-20T10:30:00+08:00","register":123.45})"
                       "\n"
                       R"({"meter_id":"000000007","channel":"export","at":"2025-02-20T10:30:00+08:00","register":0})"));
}

TEST(ReadingWriter, ARoundTripGivesTheSameReadings) {
  for (const auto* zone : {"Asia/Singapore", "Europe/London", "America/St_Johns", "Pacific/Apia"}) {
    const auto calendar = *SiteCalendar::of(zone);
    for (const auto format : {ReadingFormat::csv, ReadingFormat::ndjson, ReadingFormat::json, ReadingFormat::packed}) {
      SCOPED_TRACE(fmt::format("{} format {}", zone, static_cast<int>(format)));
      const RowContext context{calendar, kLastInstant};
      const auto reader = make_row_reader(format, context);
      std::vector<Reading> read;
      const auto status = read_rows(*reader, written(format, calendar), 100, [&](ParsedRows& rows) -> Status {
        EXPECT_EQ(rows.rejected, 0u) << (rows.rejects.empty() ? "" : rows.rejects.front().reason);
        read.insert(read.end(), rows.readings.begin(), rows.readings.end());
        return {};
      });
      ASSERT_TRUE(status.has_value()) << status.error().message;
      EXPECT_EQ(read, sample());
    }
  }
}

}  // namespace
}  // namespace meterhouse

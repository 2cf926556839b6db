// A packed body as a sender of version 1 sends it: every later program takes it, and writes the same readings as the
// same bytes.
#include <gmock/gmock.h>

#include "base/testing/golden.h"
#include "formats/reading_writer.h"
#include "formats/row_test_support.h"

namespace meterhouse {
namespace {

std::vector<Reading> golden_readings() {
  const auto key_of = [](std::uint32_t meter, Channel channel) {
    return SeriesKey{MeterId::from_number(meter), channel};
  };
  return {{key_of(0, Channel::import_), kFirstInstant, MilliWattHours{0}},
          {key_of(100'000'001, Channel::import_), instant_from_epoch(1'740'018'600), MilliWattHours{123'450'000}},
          {key_of(100'000'001, Channel::export_), instant_from_epoch(1'740'018'600), MilliWattHours{1}},
          {key_of(MeterId::kMax, Channel::export_), kLastInstant, kMaxRegister}};
}

TEST(PackedGolden, AnOldBodyIsReadForEverAndWrittenTheSame) {
  std::string written;
  ReadingWriter writer{ReadingFormat::packed, test::singapore()};
  writer.begin(written);
  for (const Reading& reading : golden_readings()) writer.append(written, reading);
  writer.end(written);
  const std::string golden = golden_text("packed_v1.bin", written);
  EXPECT_EQ(written, golden);

  const auto reader = make_row_reader(ReadingFormat::packed, {test::singapore(), kLastInstant});
  std::vector<Reading> readings;
  const auto done = read_rows(*reader, golden, 100, [&](ParsedRows& rows) {
    EXPECT_THAT(rows.rejects, testing::IsEmpty());
    readings.insert(readings.end(), rows.readings.begin(), rows.readings.end());
    return Status{};
  });
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(readings, golden_readings());
}

}  // namespace
}  // namespace meterhouse

#include "formats/reading_rows.h"

#include <gmock/gmock.h>

#include <span>

#include "formats/packed_rows.h"
#include "formats/row_test_support.h"

namespace meterhouse {
namespace {

using test::context_of;
using test::read_all;
using testing::ElementsAre;

std::string only_line(ReadingFormat format, std::string_view body, const RowContext& context = context_of()) {
  const auto all = read_all(format, body, context);
  if (!all.error.empty()) return all.error;
  return fmt::format("{}", fmt::join(all.lines, " | "));
}

TEST(ReadingRows, EveryFormatReadsTheSameRow) {
  const std::string row =
      R"({"meter_id":"100000001","at":"2025-02-20T10:30:00+08:00","register":123.45,"channel":"export"})";
  const std::string expected = "1 100000001 export 2025-02-20T10:30:00+08:00 123.45";
  EXPECT_EQ(only_line(ReadingFormat::json, "[" + row + "]"), expected);
  EXPECT_EQ(only_line(ReadingFormat::ndjson, row), expected);
  EXPECT_EQ(only_line(ReadingFormat::csv,
                      "meter_id,at,register,channel\n100000001,2025-02-20T10:30:00+08:00,123.45,export\n"),
            expected);
  std::string packed;
  append_packed_header(packed);
  const SeriesKey key{MeterId::from_number(100'000'001), Channel::export_};
  append_packed(packed, {key, instant_from_epoch(1'740'018'600), MilliWattHours{123'450'000}});
  EXPECT_EQ(only_line(ReadingFormat::packed, packed), expected);
}

struct RowCase {
  const char* name;
  const char* row;
  const char* expected;
};

// The row with a line break within, which the quick way for plain rows leaves to simdjson.
std::string spread(std::string_view row) {
  return row.starts_with('{') ? fmt::format("{{\n{}", row.substr(1)) : std::string{row};
}

// Alone in an array, alone on a line, and spread over two lines of an array.
void expect_json_rows(std::span<const RowCase> cases) {
  for (const RowCase& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(only_line(ReadingFormat::json, fmt::format("[{}]", c.row)), c.expected);
    EXPECT_EQ(only_line(ReadingFormat::ndjson, c.row), c.expected);
    EXPECT_EQ(only_line(ReadingFormat::json, fmt::format("[{}]", spread(c.row))), c.expected);
  }
}

TEST(ReadingRows, GoodJsonRows) {
  const RowCase cases[] = {
      {"legacy names", R"({"timestamp":"2025-02-20T10:30:00+08:00","reading":"0","meter_id":"000000001"})",
       "1 000000001 import 2025-02-20T10:30:00+08:00 0"},
      {"no offset: the site's clock", R"({"meter_id":"100000001","at":"2025-02-20T10:30:00","register":1})",
       "1 100000001 import 2025-02-20T10:30:00+08:00 1"},
      {"UTC", R"({"meter_id":"100000001","at":"2025-02-20T02:30:00Z","register":1})",
       "1 100000001 import 2025-02-20T10:30:00+08:00 1"},
      {"a bare date", R"({"meter_id":"100000001","at":"2025-02-20","register":1})",
       "1 100000001 import 2025-02-20T00:00:00+08:00 1"},
      {"a double's noise", R"({"meter_id":"100000001","at":"2025-02-20","register":123.30000000000001})",
       "1 100000001 import 2025-02-20T00:00:00+08:00 123.3"},
      {"an exponent", R"({"meter_id":"100000001","at":"2025-02-20","register":1.5e2})",
       "1 100000001 import 2025-02-20T00:00:00+08:00 150"},
      {"escapes", R"({"meter_id":"10000000\u0031","at":"2025-02-20","register":1})",
       "1 100000001 import 2025-02-20T00:00:00+08:00 1"},
      {"channel null", R"({"meter_id":"100000001","at":"2025-02-20","register":1,"channel":null})",
       "1 100000001 import 2025-02-20T00:00:00+08:00 1"},
      {"the largest register", R"({"meter_id":"100000001","at":"2025-02-20","register":9000000000})",
       "1 100000001 import 2025-02-20T00:00:00+08:00 9000000000"}};
  expect_json_rows(cases);
}

TEST(ReadingRows, BadJsonRows) {
  const RowCase cases[] = {
      {"one past it", R"({"meter_id":"100000001","at":"2025-02-20","register":9000000000.000001})",
       "1 register: is over 9000000000 kWh"},
      {"huge", R"({"meter_id":"100000001","at":"2025-02-20","register":1e400})", "1 register: is out of range"},
      {"negative", R"({"meter_id":"100000001","at":"2025-02-20","register":-0.01})", "1 register: is negative"},
      {"NaN", R"({"meter_id":"100000001","at":"2025-02-20","register":NaN})", "1 register: is not a JSON value"},
      {"NaN as text", R"({"meter_id":"100000001","at":"2025-02-20","register":"NaN"})", "1 register: is not a number"},
      {"minus infinity", R"({"meter_id":"100000001","at":"2025-02-20","register":-Infinity})",
       "1 register: is not a JSON value"},
      {"a leading zero", R"({"meter_id":"100000001","at":"2025-02-20","register":01})",
       "1 register: is not a JSON value"},
      {"a truth value", R"({"meter_id":"100000001","at":"2025-02-20","register":true})",
       "1 register: must be a number or decimal text"},
      {"an object", R"({"meter_id":"100000001","at":"2025-02-20","register":{"value":[1,2]}})",
       "1 register: must be a number or decimal text"},
      {"a numeric id", R"({"meter_id":100000001,"at":"2025-02-20","register":1})",
       "1 meter_id: must be a string of 9 digits, not a number"},
      {"a short id", R"({"meter_id":"10000001","at":"2025-02-20","register":1})",
       "1 meter_id: must be a string of 9 digits"},
      {"letters in the id", R"({"meter_id":"10000000a","at":"2025-02-20","register":1})",
       "1 meter_id: must be a string of 9 digits"},
      {"no id", R"({"at":"2025-02-20","register":1})", "1 meter_id: is missing"},
      {"no time", R"({"meter_id":"100000001","register":1})", "1 at: is missing"},
      {"no register", R"({"meter_id":"100000001","at":"2025-02-20","reading":null})", "1 reading: is missing"},
      {"a numeric time", R"({"meter_id":"100000001","at":1740018600,"register":1})", "1 at: must be a string"},
      {"no time at all", R"({"meter_id":"100000001","timestamp":"yesterday","register":1})",
       "1 timestamp: is not an ISO 8601 time"},
      {"zeros for a date",
       R"({"meter_id":"100000001","at":"\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000T10:30:00","register":1})",
       "1 at: is not an ISO 8601 time"},
      {"February 30", R"({"meter_id":"100000001","at":"2025-02-30T10:30:00Z","register":1})",
       "1 at: is not an ISO 8601 time"},
      {"hour 24", R"({"meter_id":"100000001","at":"2025-02-20T24:30:00Z","register":1})",
       "1 at: is not an ISO 8601 time"},
      {"five minutes ahead", R"({"meter_id":"100000001","at":"2030-01-01T00:05:00Z","register":1})",
       "1 100000001 import 2030-01-01T08:05:00+08:00 1"},
      {"a second more", R"({"meter_id":"100000001","at":"2030-01-01T00:05:01Z","register":1})",
       "1 at: is in the future"},
      {"before 1970", R"({"meter_id":"100000001","at":"1969-12-31T23:59:59Z","register":1})", "1 at: is before 1970"},
      {"a channel of its own", R"({"meter_id":"100000001","at":"2025-02-20","register":1,"channel":"reactive"})",
       "1 channel: must be import or export"},
      {"an unknown field", R"({"meter_id":"100000001","at":"2025-02-20","register":1,"seq":[{"a":1}]})",
       "1 seq: is an unknown field"},
      {"a field twice", R"({"meter_id":"100000001","at":"2025-02-20","register":1,"register":2})",
       "1 register: is given twice"},
      {"the same by its other name", R"({"meter_id":"100000001","at":"2025-02-20","register":1,"reading":2})",
       "1 reading: is given twice"},
      {"a bad escape", R"({"meter_id":"100000001","at":"2025\q02-20","register":1})", "1 at: has a bad escape"},
      {"no object", "17", "1 : must be an object"},
      {"an array", "[1,[2]]", "1 : must be an object"},
      {"an empty object", "{}", "1 meter_id: is missing"}};
  expect_json_rows(cases);
}

TEST(ReadingRows, UnknownFieldsAreIgnoredWhereToldTo) {
  auto context = context_of();
  context.unknown_fields = UnknownFields::ignore;
  const std::string row = R"({"seq":{"a":[1,null,"x"]},"meter_id":"100000001","at":"2025-02-20","register":1})";
  EXPECT_EQ(only_line(ReadingFormat::ndjson, row, context), "1 100000001 import 2025-02-20T00:00:00+08:00 1");
  EXPECT_EQ(only_line(ReadingFormat::csv, "seq,meter_id,at,register\n7,100000001,2025-02-20,1", context),
            "1 100000001 import 2025-02-20T00:00:00+08:00 1");
}

TEST(ReadingRows, CsvLines) {
  struct Case {
    const char* name;
    const char* body;
    const char* expected;
  };
  for (const Case& c : {
           Case{"CRLF, mark, legacy names, other order",
                "\xEF\xBB\xBFREADING, Timestamp ,meter_id\r\n1.5,2025-02-20T10:30:00+08:00,100000001\r\n",
                "1 100000001 import 2025-02-20T10:30:00+08:00 1.5"},
           {"quotes", "meter_id,at,register\n\"100000001\",\"2025-02-20\",\"1.5\"",
            "1 100000001 import 2025-02-20T00:00:00+08:00 1.5"},
           {"a quote within", "meter_id,at,register\n\"1\"\"\",2025-02-20,1\n",
            "1 meter_id: must be a string of 9 digits"},
           {"blank lines count", "meter_id,at,register\n\n\r\n100000001,2025-02-20,1\n",
            "3 100000001 import 2025-02-20T00:00:00+08:00 1"},
           {"an empty channel", "meter_id,at,register,channel\n100000001,2025-02-20,1,\n",
            "1 100000001 import 2025-02-20T00:00:00+08:00 1"},
           {"a short line", "meter_id,at,register\n100000001,2025-02-20\n", "1 : has 2 fields, the header 3"},
           {"a long line", "meter_id,at,register\n100000001,2025-02-20,1,2\n", "1 : has 4 fields, the header 3"},
           {"an open quote costs one row", "meter_id,at,register\n\"100000001,2025-02-20,1\n100000001,2025-02-20,1",
            "1 : has a quote that is not closed | 2 100000001 import 2025-02-20T00:00:00+08:00 1"},
           {"text behind a quote", "meter_id,at,register\n\"100000001\"x,2025-02-20,1\n",
            "1 : has text behind a closing quote"},
           {"a quote in the middle", "meter_id,at,register\n1000\"00001,2025-02-20,1\n",
            "1 : has a quote within a field"},
           {"empty", "", "header line: the header line is missing"},
           {"no register", "meter_id,at\n", "header line: there is no column register"},
           {"a mistyped column", "meter_id,Registr,at\n",
            "header line: column 2, `Registr` (register?), is not known; there are meter_id, at, register, channel"},
           {"a column without a name", "meter_id,,at,register\n",
            "header line: column 2 is not known; there are meter_id, at, register, channel"},
           {"a column of control characters", "meter_id,\x1b[2J,at,register\n",
            "header line: column 2 is not known; there are meter_id, at, register, channel"},
           {"semicolons", "meter_id;at;register\n", "header line: separated by ';'; commas are wanted"},
           {"tabs", "meter_id\tat\tregister\n", "header line: separated by tabs; commas are wanted"},
           {"a column twice", "meter_id,at,timestamp,register\n", "header line: timestamp comes twice"},
           {"an unknown column", "meter_id,at,register,seq\n",
            "header line: column 4, `seq`, is not known; there are meter_id, at, register, channel"},
       }) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(only_line(ReadingFormat::csv, c.body), c.expected);
  }
}

std::string packed_record(std::uint32_t key, std::uint32_t seconds, std::int64_t value) {
  std::string out;
  const auto little = [&](std::uint64_t number, int size) {
    for (int i = 0; i < size; ++i) out.push_back(static_cast<char>(number >> (8 * i)));
  };
  little(key, 4);
  little(seconds, 4);
  little(static_cast<std::uint64_t>(value), 8);
  return out;
}

TEST(ReadingRows, PackedRecords) {
  constexpr std::uint32_t kKey = 100'000'001U << 2;
  struct Case {
    const char* name;
    std::string record;
    const char* expected;
  };
  for (const Case& c : {
           Case{"good", packed_record(kKey, 0, 0), "1 100000001 import 1970-01-01T07:30:00+07:30 0"},
           {"a channel there is not", packed_record(kKey | 2, 1, 0), "1 key: is no meter and channel"},
           {"ten digits", packed_record(1'000'000'000U << 2, 1, 0), "1 key: is no meter and channel"},
           {"the future", packed_record(kKey, 1'893'456'301, 0), "1 seconds: is in the future"},
           {"negative", packed_record(kKey, 1, -1), "1 register: is negative"},
           {"too large", packed_record(kKey, 1, 9'000'000'000'000'001), "1 register: is over 9000000000 kWh"},
           {"cut", packed_record(kKey, 1, 1).substr(0, 15),
            "row 1: the body ends within a record of 16 bytes (byte 17)"},
       }) {
    SCOPED_TRACE(c.name);
    std::string body;
    append_packed_header(body);
    EXPECT_EQ(only_line(ReadingFormat::packed, body + c.record), c.expected);
  }
}

TEST(ReadingRows, PackedExampleOfTheDocs) {
  constexpr std::string_view kBody{
      "MHRD\x01\x00\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00"
      "\x04\x84\xd7\x17\xa8\x93\xb6\x67\x90\xb2\x5b\x07\x00\x00\x00\x00",
      32};
  EXPECT_EQ(only_line(ReadingFormat::packed, kBody), "1 100000001 import 2025-02-20T10:30:00+08:00 123.45");
  std::string written;
  append_packed_header(written);
  const SeriesKey key{MeterId::from_number(100'000'001), Channel::import_};
  append_packed(written, {key, instant_from_epoch(1'740'018'600), MilliWattHours{123'450'000}});
  EXPECT_EQ(written, kBody);
}

TEST(ReadingRows, PackedHeaderIsChecked) {
  std::string good;
  append_packed_header(good);
  EXPECT_EQ(only_line(ReadingFormat::packed, good), "");
  EXPECT_EQ(only_line(ReadingFormat::packed, ""), "header: the body ends within its 16 bytes");
  for (std::size_t i = 0; i < good.size(); ++i) {
    SCOPED_TRACE(i);
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x40);
    EXPECT_TRUE(only_line(ReadingFormat::packed, bad).starts_with("header:"));
    EXPECT_EQ(only_line(ReadingFormat::packed, good.substr(0, i)), "header: the body ends within its 16 bytes");
  }
}

TEST(ReadingRows, AmbiguousLocalTimesFollowTheBody) {
  const SiteCalendar london = test::calendar_of("Europe/London");
  const auto read = [&](std::initializer_list<std::string_view> times) {
    std::string body = "meter_id,at,register\n";
    for (const auto time : times) body += fmt::format("100000001,{},1\n", time);
    std::vector<std::string> result;
    for (const auto& line : read_all(ReadingFormat::csv, body, context_of(london)).lines)
      result.push_back(line.substr(line.find("import") + 7));
    return result;
  };
  EXPECT_THAT(read({"2024-10-27T01:00:00", "2024-10-27T01:30:00", "2024-10-27T01:00:00", "2024-10-27T01:30:00"}),
              ElementsAre("2024-10-27T01:00:00+01:00 1", "2024-10-27T01:30:00+01:00 1", "2024-10-27T01:00:00+00:00 1",
                          "2024-10-27T01:30:00+00:00 1"));
  EXPECT_THAT(read({"2024-10-27T01:30:00+01:00", "2024-10-27T01:30:00"}),
              ElementsAre("2024-10-27T01:30:00+01:00 1", "2024-10-27T01:30:00+00:00 1"));
  EXPECT_THAT(read({"2024-10-27T00:30:00", "2024-10-27T01:30:00"}),
              ElementsAre("2024-10-27T00:30:00+01:00 1", "2024-10-27T01:30:00+01:00 1"));
  const auto gone =
      read_all(ReadingFormat::csv, "meter_id,at,register\n100000001,2024-03-31T01:30:00,1\n", context_of(london));
  EXPECT_THAT(gone.lines, ElementsAre("1 at: does not exist: the site's clocks go forward over this local time"));
}

TEST(ReadingRows, ContentTypesAndFirstBytesTellTheFormat) {
  EXPECT_EQ(reading_format_of("Application/JSON; charset=utf-8"), ReadingFormat::json);
  EXPECT_EQ(reading_format_of("application/x-ndjson"), ReadingFormat::ndjson);
  EXPECT_EQ(reading_format_of(" text/csv "), ReadingFormat::csv);
  EXPECT_EQ(reading_format_of("application/vnd.meterhouse.readings"), ReadingFormat::packed);
  EXPECT_EQ(reading_format_of("text/plain"), std::nullopt);
  EXPECT_EQ(guess_reading_format("\xEF\xBB\xBF [ {"), ReadingFormat::json);
  EXPECT_EQ(guess_reading_format("\n{\"meter_id\""), ReadingFormat::ndjson);
  EXPECT_EQ(guess_reading_format("meter_id,at"), ReadingFormat::csv);
  EXPECT_EQ(guess_reading_format("MHRD\x01"), ReadingFormat::packed);
}

}  // namespace
}  // namespace meterhouse

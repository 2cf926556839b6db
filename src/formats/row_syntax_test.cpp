// What the readers do with broken syntax, and that no answer depends on where the pieces of a body were cut.
#include <gmock/gmock.h>

#include "formats/reading_rows.h"
#include "formats/row_test_support.h"

namespace meterhouse {
namespace {

using test::AllRows;
using test::context_of;
using test::read_all;
using testing::HasSubstr;
using testing::SizeIs;

constexpr std::string_view kRow = R"({"meter_id":"100000001","at":"2025-02-20T10:30:00+08:00","register":123.45})";

std::string array_of(int rows, std::string_view separator = ",") {
  std::string body = "[";
  for (int i = 0; i < rows; ++i) {
    if (i > 0) body += separator;
    body += fmt::format(R"({{"meter_id":"{:09}","at":"2025-02-20T10:30:00+08:00","register":{}.5}})", i, i);
  }
  return body + "]";
}

TEST(JsonArray, GoodRowsBeforeAFaultAreDelivered) {
  struct Case {
    const char* name;
    std::string tail;  // behind two good rows
    const char* error;
  };
  for (const Case& c : {
           Case{"not closed", "", "row 3: the body ends before the array is closed"},
           {"a comma too many", ",]", "row 3: a row is expected"},
           {"no comma", R"( {"meter_id":"1"}])", "row 3: ',' or ']' is expected"},
           {"text behind", "] x", "row 3: there is more text after the array"},
           {"closed twice", "]]", "row 3: there is more text after the array"},
           {"cut in a row", R"(,{"meter_id":)", "row 3: the body ends within a row"},
           {"cut in a string", R"(,{"meter_id":"1)", "row 3: the body ends within a row"},
           {"no colon", R"(,{"meter_id" "1"}])", "row 3: "},
           {"no value", R"(,{"meter_id":,"at":"2025-02-20"}])", "row 3: a value is missing"},
           {"a comma at the row's end", R"(,{"meter_id":"1",}])", "row 3: "},
           {"brackets mixed", R"(,{"seq":[1,2}}])", "row 3: "},
           {"rubbish nested", R"(,{"seq":{"z":tru}}])", "row 3: is not a JSON value"},
           {"a comma nested", R"(,{"seq":[1,2,]}])", "row 3: "},
           {"a control character", ",{\"meter_id\":\"1\x01\"}]", "row 3: "},
           {"a row over the limit", fmt::format(R"(,{{"meter_id":"{}"}}])", std::string(kMaxRowBytes, '1')),
            "row 3: a row is at most 65536 bytes long"},
       }) {
    SCOPED_TRACE(c.name);
    const std::string body = fmt::format("[{},{}{}", kRow, kRow, c.tail);
    for (const std::size_t piece : {kMaxFeedBytes, std::size_t{7}}) {
      const AllRows all = read_all(ReadingFormat::json, body, context_of(), piece);
      EXPECT_THAT(all.lines, SizeIs(2));
      EXPECT_THAT(all.error, HasSubstr(c.error));
      EXPECT_THAT(all.error, HasSubstr("(byte "));
    }
  }
}

// Where the row ends can be told all the same: it is one reject, in an array as in lines, and the rows behind it come.
TEST(JsonRows, WhatIsNoTextOrNestedTooDeeplyIsOneRejectThatNamesItsField) {
  const std::string deep = std::string(17, '[') + std::string(17, ']');
  struct Case {
    const char* name;
    std::string row;
    const char* line;  // of the reject
  };
  for (const Case& c : {
           Case{"no UTF-8 in a value", "{\"meter_id\":\"1\xFF\",\"at\":\"x\"}", "2 meter_id: is not valid UTF-8"},
           {"no UTF-8 in a later value", "{\"meter_id\":\"1\",\"at\":\"\\\"2\xC3\"}", "2 at: is not valid UTF-8"},
           {"no UTF-8 behind text", "{\"meter_id\":\"\xE7\x94\xB5\",\"at\":\"\xED\xA0\x80\"}",
            "2 at: is not valid UTF-8"},
           {"no UTF-8 in a name", "{\"meter_id\":\"1\",\"a\xFFt\":\"2\"}", "2 : is not valid UTF-8"},
           {"no UTF-8 in a field of a field", "{\"at\":{\"b\":\"\xFF\"},\"register\":1}", "2 at: is not valid UTF-8"},
           {"no UTF-8 and no object", "\"\xFF\"", "2 : is not valid UTF-8"},
           {"nested too deeply", fmt::format("{{\"meter_id\":{},\"at\":\"2\"}}", deep),
            "2 meter_id: values are nested too deeply"},
           {"nested too deeply in an unknown field", fmt::format("{{\"seq\":{}}}", deep), "2 seq: is an unknown field"},
           {"a list nested too deeply", deep, "2 : must be an object"},
       }) {
    SCOPED_TRACE(c.name);
    for (const std::size_t piece : {kMaxFeedBytes, std::size_t{7}}) {
      const auto array = read_all(ReadingFormat::json, fmt::format("[{0},{1},{0}]", kRow, c.row), context_of(), piece);
      const auto lines =
          read_all(ReadingFormat::ndjson, fmt::format("{0}\n{1}\n{0}", kRow, c.row), context_of(), piece);
      EXPECT_EQ(array.error, "");
      EXPECT_THAT(array.lines, SizeIs(3));
      EXPECT_THAT(array.lines, testing::Contains(HasSubstr(c.line)));
      EXPECT_EQ(lines.lines, array.lines);
    }
  }
}

TEST(JsonArray, BodiesThatAreNone) {
  const auto error = [](std::string_view body) { return read_all(ReadingFormat::json, body, context_of()).error; };
  EXPECT_THAT(error(""), HasSubstr("the body is empty"));
  EXPECT_THAT(error(" \n "), HasSubstr("the body is empty"));
  EXPECT_THAT(error("{}"), HasSubstr("must be a JSON array"));
  EXPECT_THAT(error("\xEF\xBB"), HasSubstr("must be a JSON array"));
  EXPECT_THAT(error("["), HasSubstr("before the array is closed"));
  EXPECT_EQ(error(" [ ] "), "");
  EXPECT_EQ(error("\xEF\xBB\xBF[]"), "");
}

TEST(JsonArray, ARowOfTheGreatestLength) {
  const std::string start = R"([{"meter_id":"100000001","at":"2025-02-20","register":1)";
  const std::string body = start + std::string(kMaxRowBytes - start.size(), ' ') + "}]";
  for (const std::size_t piece : {kMaxFeedBytes, std::size_t{1000}})
    EXPECT_EQ(read_all(ReadingFormat::json, body, context_of(), piece).lines.size(), 1U);
}

TEST(JsonArray, AnErrorStays) {
  const RowContext context = context_of();
  const auto reader = make_row_reader(ReadingFormat::json, context);
  ParsedRows batch;
  reader->feed(fmt::format("[{},x", kRow));
  reader->finish();
  const auto first = reader->next(batch, 100);
  ASSERT_FALSE(first.has_value());
  EXPECT_EQ(first.error().code, Errc::invalid_argument);
  EXPECT_EQ(batch.readings.size(), 1U);
  const auto second = reader->next(batch, 100);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().message, first.error().message);
  EXPECT_EQ(batch.size(), 0U);
}

TEST(Ndjson, ABadLineIsOneReject) {
  const std::string body = fmt::format("{0}\r\n\n{{\"meter_id\":\n{0} x\n{0}{0}\n\xFF\n[1\n  {0}", kRow);
  for (const std::size_t piece : {kMaxFeedBytes, std::size_t{3}}) {
    const AllRows all = read_all(ReadingFormat::ndjson, body, context_of(), piece);
    EXPECT_EQ(all.error, "");
    EXPECT_EQ(all.rejected, 5U);
    ASSERT_THAT(all.lines, SizeIs(7));
    EXPECT_EQ(all.lines.front(), "1 100000001 import 2025-02-20T10:30:00+08:00 123.45");
    EXPECT_EQ(all.lines.back(), "8 100000001 import 2025-02-20T10:30:00+08:00 123.45");
  }
}

TEST(Ndjson, ALineOverTheLimit) {
  const auto all =
      read_all(ReadingFormat::ndjson, fmt::format("{}\n{}\n", kRow, std::string(kMaxRowBytes + 1, ' ')), context_of());
  EXPECT_THAT(all.lines, SizeIs(1));
  EXPECT_THAT(all.error, HasSubstr("row 2: a line is at most 65536 bytes long"));
}

TEST(RowReaders, RejectsAreCountedPastTheListedOnes) {
  std::string body;
  for (int i = 0; i < 150; ++i) body += "{}\n";
  const auto reader = make_row_reader(ReadingFormat::ndjson, context_of());
  reader->feed(body);
  reader->finish();
  ParsedRows batch;
  ASSERT_TRUE(reader->next(batch, 10'000).has_value());
  EXPECT_EQ(batch.rejected, 150U);
  EXPECT_EQ(batch.rejects.size(), ParsedRows::kMaxRejects);
}

// Rows that invite a wrong guess of where one ends: braces, quotes and escapes inside strings, nested values, space.
std::string tricky_rows(std::string_view separator) {
  const std::string_view rows[] = {
      R"({"meter_id":"100000001","at":"2025-02-20T10:30:00+08:00","register":1})",
      R"({"meter_id":"},{","at":"2025-02-20T10:30:00+08:00","register":2})",
      R"({"meter_id":"\"},","at":"\\","register":3})",
      R"({"seq":[{},{"a":"}"},[]],"meter_id":"100000001"})",
      R"({  "meter_id" : "100000002" , "at" : "2025-02-20T10:30:00+08:00" , "register" : "4" , "channel" : "export" } )",
      R"("},")",
      "null",
  };
  std::string body;
  for (int i = 0; i < 1500; ++i) {
    if (i > 0) body += separator;
    body += rows[static_cast<std::size_t>(i * 7 % 11) % std::size(rows)];
  }
  return body;
}

TEST(RowReaders, NoAnswerDependsOnTheCuts) {
  const std::string tricky = fmt::format(" [ {} ] \n", tricky_rows(" ,\n"));
  const std::string lines = tricky_rows("\n");
  std::string csv = "meter_id,at,register\n";
  for (int i = 0; i < 1000; ++i) csv += fmt::format("{:09},2025-02-20T10:30:00+08:00,{}\r\n", i, i);
  struct Case {
    const char* name;
    ReadingFormat format;
    std::string body;
  };
  for (const Case& c :
       {Case{"plain", ReadingFormat::json, array_of(1500)}, Case{"spaced", ReadingFormat::json, array_of(500, " ,\n ")},
        Case{"tricky", ReadingFormat::json, tricky}, Case{"lines", ReadingFormat::ndjson, lines},
        Case{"csv", ReadingFormat::csv, csv}}) {
    SCOPED_TRACE(c.name);
    const AllRows whole = read_all(c.format, c.body, context_of());
    EXPECT_EQ(whole.error, "");
    EXPECT_GT(whole.lines.size(), 100U);
    for (const std::size_t piece : {1U, 2U, 13U, 1000U, 65'536U, 100'001U})
      for (const std::size_t max_rows : {1U, 100U, 10'000U}) {
        if (piece < 13 && max_rows < 10'000) continue;
        SCOPED_TRACE(fmt::format("pieces of {} bytes, batches of {}", piece, max_rows));
        const AllRows cut = read_all(c.format, c.body, context_of(), piece, max_rows);
        EXPECT_EQ(cut.error, whole.error);
        EXPECT_EQ(cut.rejected, whole.rejected);
        EXPECT_EQ(cut.taken, whole.taken);
        // A batch lists its first rejects only, so where there are many the listed ones differ with the batches.
        if (whole.rejected > ParsedRows::kMaxRejects) continue;
        EXPECT_EQ(cut.lines, whole.lines);
      }
  }
}

TEST(RowReaders, EveryPrefixOfABodyIsReadOrRefused) {
  const std::string body = fmt::format("[{0},{0}]", kRow);
  for (std::size_t size = 0; size < body.size(); ++size) {
    SCOPED_TRACE(size);
    const AllRows all = read_all(ReadingFormat::json, std::string_view{body}.substr(0, size), context_of());
    EXPECT_NE(all.error, "");
    EXPECT_EQ(all.lines.size(), size < 1 + kRow.size() ? 0U : size < body.size() - 1 ? 1U : 2U);
  }
}

}  // namespace
}  // namespace meterhouse

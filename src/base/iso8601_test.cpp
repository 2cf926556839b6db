#include "base/iso8601.h"

#include <gtest/gtest.h>

#include "base/property_test.h"

namespace meterhouse {
namespace {

// What Python's datetime.fromisoformat takes and refuses, recorded from it (3.11, the grammar of 3.12), oddities
// included.
TEST(ParseIso8601, TakesWhatPythonTakes) {
  struct Case {
    const char* text;
    std::int64_t local;  // seconds since 1970-01-01T00:00 of the wall clock
    std::optional<int> offset;
  };
  for (const Case& c : {
           Case{"2025-02-20T10:30:00+08:00", 1740047400, 28800},
           {"2025-02-20T10:30:00Z", 1740047400, 0},
           {"2025-02-20T10:30:00", 1740047400, std::nullopt},
           {"2025-02-20 10:30:00", 1740047400, std::nullopt},
           {"2025-02-20T10:30", 1740047400, std::nullopt},
           {"2025-02-20T10", 1740045600, std::nullopt},
           {"2025-02-20", 1740009600, std::nullopt},
           {"20250220", 1740009600, std::nullopt},
           {"20250220T103000Z", 1740047400, 0},
           {"20250220T1030", 1740047400, std::nullopt},
           {"2025-W08-4", 1740009600, std::nullopt},
           {"2025-W08", 1739750400, std::nullopt},
           {"2025W084", 1740009600, std::nullopt},
           {"2025W08", 1739750400, std::nullopt},
           {"2025-W08-4T10:30", 1740047400, std::nullopt},
           {"2025-W08T10:30", 1739788200, std::nullopt},
           {"2025W084T10", 1740045600, std::nullopt},
           {"2025W08T10", 1739786400, std::nullopt},
           {"2025W08410", 1739786400, std::nullopt},
           {"2025-W08-10", 1739786400, std::nullopt},
           {"2020-W53-5", 1609459200, std::nullopt},
           {"2025-02-20T10:30:00.999999+08:00", 1740047400, 28800},
           {"2025-02-20T10:30:00,5", 1740047400, std::nullopt},
           {"2025-02-20T10:30:00.1234567890Z", 1740047400, 0},
           {"2025-02-20T103000.5-0330", 1740047400, -12600},
           {"2025-02-20T10:30:00+08", 1740047400, 28800},
           {"2025-02-20T10:30:00+0800", 1740047400, 28800},
           {"2025-02-20T10:30:00-08:00:30", 1740047400, -28830},
           {"2025-02-20T10:30:00+23:59:59", 1740047400, 86399},
           {"2025-02-20T10:30:00+05:99", 1740047400, 23940},
           {"2025-02-20T10:30:00+08:00:00.5", 1740047400, 28800},
           {"2025-02-20é10:30", 1740047400, std::nullopt},
           {"2025-02-20漢10:30:00", 1740047400, std::nullopt},
           {"2025-02-20😀10:30", 1740047400, std::nullopt},
           {"2025-02-20410:30", 1740047400, std::nullopt},
           {"2025-02-20-10:30", 1740047400, std::nullopt},
           {"2025-02-20T10+08", 1740045600, 28800},
           {"2025-02-20T10:30:+08:00", 1740047400, 28800},
           {"2025-02-20T10:30:00.Z", 1740047400, 0},
           {"2025-02-20T10.5", 1740045600, std::nullopt},
           {"2025-02-20T10:30.5", 1740047400, std::nullopt},
           {"20250220T10:30", 1740047400, std::nullopt},
           {"2024-02-29", 1709164800, std::nullopt},
           {"0001-01-01", -62135596800, std::nullopt},
           {"9999-12-31T23:59:59", 253402300799, std::nullopt},
           {"2025-02-20T10:30:00:5", 1740047400, std::nullopt},
           {"2025-02-20T10:30:00 +08:00", 1740047400, 28800},
       }) {
    SCOPED_TRACE(c.text);
    const auto time = parse_iso8601(c.text);
    ASSERT_TRUE(time.has_value()) << time.error().message;
    EXPECT_EQ(time->local.time_since_epoch().count(), c.local);
    EXPECT_EQ(time->offset.has_value(), c.offset.has_value());
    if (time->offset && c.offset) {
      EXPECT_EQ(time->offset->count(), *c.offset);
    }
  }
}

// One character of UTF-8 may stand between date and time, and nothing that only begins like one.
TEST(ParseIso8601, TheSeparatorIsACharacter) {
  for (const char* separator : {"_", "\xC2\xB7", "\xE6\x97\xB6", "\xF0\x9F\x95\x90"})
    EXPECT_TRUE(parse_iso8601(fmt::format("2025-02-20{}10:30:00", separator)).has_value()) << separator;
  for (const char* separator : {"\x80", "\xFF", "\xC0\xAF",
                                "\xC2"
                                "x",
                                "\xE6\x97"
                                "x",
                                "\xED\xA0\x80", "\xF4\x90\x80\x80"})
    EXPECT_FALSE(parse_iso8601(fmt::format("2025-02-20{}10:30:00", separator)).has_value()) << separator;
}

TEST(ParseIso8601, RefusesWhatPythonRefuses) {
  for (const char* text : {"",
                           "2025",
                           "2025-02",
                           "2025-2-3",
                           "202502",
                           "2025-02-30",
                           "2023-02-29",
                           "0000-01-01",
                           "2025-13-01",
                           "2025-00-10",
                           "2025-02-00",
                           "2025-051",
                           "2025051",
                           "2025-02-20T",
                           "2025-02-20é",
                           "2025-02-20T24:00",
                           "2025-02-20T10:60",
                           "2025-02-20T10:30:60",
                           "2025-02-20T1",
                           "2025-02-20T10:3",
                           "2025-02-20T10:30:0",
                           "2025-02-20T10:30:",
                           "2025-02-20T10:30:00.",
                           "2025-02-20T10:3000",
                           "2025-02-20T1030:00",
                           "2025-02-20T10:30:00+",
                           "2025-02-20T10:30:00+8",
                           "2025-02-20T10:30:00+24:00",
                           "2025-02-20T10:30:00+23:60",
                           "2025-02-20T10:30:00+08:",
                           "2025-02-20T10:30:00z",
                           "2025-02-20T10:30:00ZZ",
                           "2025-02-20T10:30:00Z ",
                           "2025-02-20T10:30:00+08:00 ",
                           " 2025-02-20T10:30:00",
                           "2025/02/20T10:30:00",
                           "2025-0220",
                           "202502-20",
                           "2021-W53-1",
                           "2025-W00-1",
                           "2025-W08-0",
                           "2025-W08-8",
                           "9999-W52-7",
                           "2025-W08-",
                           "2025-02-20T-1:30:00",
                           "2025-02-20T1O:30:00",
                           "20-02-2025T10:30:00",
                           "1740047400",
                           "not a time",
                           "2025-02-20T10:30:00+0a:00"}) {
    SCOPED_TRACE(text);
    const auto time = parse_iso8601(text);
    ASSERT_FALSE(time.has_value());
    EXPECT_EQ(time.error().code, Errc::invalid_argument);
  }
}

TEST(ParseIso8601, NoCutOfATimeIsReadPastItsEnd) {
  const std::string text = "2025-W08-4T10:30:00.123456+08:00:30.5";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const std::vector<char> exact(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size));
    static_cast<void>(parse_iso8601({exact.data(), exact.size()}));
  }
}

TEST(FormatIso8601, PrintsTheOffset) {
  EXPECT_EQ(format_iso8601(instant_from_epoch(1740018600), Seconds{28800}), "2025-02-20T10:30:00+08:00");
  EXPECT_EQ(format_iso8601(instant_from_epoch(1740018600), Seconds{0}), "2025-02-20T02:30:00+00:00");
  EXPECT_EQ(format_iso8601(instant_from_epoch(1740018600), Seconds{-12600}), "2025-02-19T23:00:00-03:30");
  EXPECT_EQ(format_iso8601(kFirstInstant, Seconds{-1}), "1969-12-31T23:59:59-00:00:01");
  EXPECT_EQ(format_iso8601(kLastInstant, Seconds{0}), "2106-02-07T06:28:15+00:00");
}

RC_GTEST_PROP(Iso8601Property, FormatThenParseIsTheSame, ()) {
  const auto instant = instant_from_epoch(*rc::gen::inRange<std::int64_t>(0, 0x100000000));
  const Seconds offset{*rc::gen::inRange(-86399, 86400)};
  const auto time = parse_iso8601(format_iso8601(instant, offset));
  RC_ASSERT(time.has_value());
  RC_ASSERT(time->offset == offset);
  RC_ASSERT(time->local.time_since_epoch() - offset == instant.time_since_epoch());
}

RC_GTEST_PROP(Iso8601Property, DaysAgreeWithTheDateLibrary, ()) {
  const date::local_days day{date::days{*rc::gen::inRange(-719162, 2932897)}};  // 0001-01-01 to 9999-12-31
  RC_ASSERT(*parse_date(format_date(day)) == day);
  RC_ASSERT(parse_iso8601(format_date(day))->local == date::local_seconds{day});
}

TEST(ParseDate, TakesOneFormOnly) {
  EXPECT_EQ(*parse_date("2024-02-29"), date::local_days{date::year{2024} / 2 / 29});
  for (const char* text : {"", "2024-2-29", "2023-02-29", "2024-02-30", "20240229", "2024-02-29 ", "2024/02/29",
                           "0000-01-01", "2024-13-01", "24-02-29xx", "2O24-02-29"})
    EXPECT_FALSE(parse_date(text).has_value()) << text;
  EXPECT_EQ(*parse_year_month("2024-02"), date::year{2024} / 2);
  for (const char* text : {"", "2024", "2024-2", "2024-13", "2024-00", "2024-02-01", "0000-01", "202402 "})
    EXPECT_FALSE(parse_year_month(text).has_value()) << text;
  EXPECT_EQ(format_year_month(date::year{2024} / 2), "2024-02");
}

}  // namespace
}  // namespace meterhouse

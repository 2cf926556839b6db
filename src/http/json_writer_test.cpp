#include "http/json_writer.h"

#include <gtest/gtest.h>

namespace meterhouse {
namespace {

TEST(JsonWriter, PutsCommasWhereTheyBelong) {
  JsonWriter json;
  json.object().key("a").array().number(std::int64_t{1}).text("x").object().end().null().end();
  json.key("b").kwh(MilliWattHours{123'450'000}).key("c").boolean(false).end();
  EXPECT_EQ(json.take(), R"({"a":[1,"x",{},null],"b":123.45,"c":false})");
}

TEST(JsonWriter, TextIsAlwaysJson) {
  struct Case {
    const char* name;
    std::string text;
    std::string json;
  };
  for (const Case& c :
       {Case{"plain", "abc", R"("abc")"}, Case{"quotes", R"(a"b\c)", R"("a\"b\\c")"},
        Case{"control bytes", std::string("\n\x01\0", 3), R"("\n\u0001\u0000")"}, Case{"Chinese", "电表", "\"电表\""},
        Case{"cut character", "a\xE7\x94", "\"a\xEF\xBF\xBD\xEF\xBF\xBD\""},
        Case{"stray byte", "\xFFz", "\"\xEF\xBF\xBDz\""}, Case{"overlong", "\xC0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
        Case{"surrogate", "\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        Case{"four bytes", "\xF0\x9F\x94\x8C", "\"\xF0\x9F\x94\x8C\""}}) {
    SCOPED_TRACE(c.name);
    std::string out;
    append_json_string(out, c.text);
    EXPECT_EQ(out, c.json);
  }
}

}  // namespace
}  // namespace meterhouse

#include "base/printable.h"

#include <gtest/gtest.h>

namespace meterhouse {
namespace {

using namespace std::string_view_literals;

TEST(Printable, EscapesWhatATerminalMustNotSee) {
  struct Case {
    const char* name;
    std::string_view text;
    std::string_view shown;
  };
  for (const Case& c :
       {Case{"nothing", "", ""}, Case{"ASCII", "meter_id, at ~", "meter_id, at ~"},
        Case{"line feed and tab stay", "a\n\tb", "a\n\tb"}, Case{"UTF-8", "电表 é 🙂", "电表 é 🙂"},
        Case{"a colour", "\x1B[31mred", "\\x1B[31mred"}, Case{"NUL and DEL", "a\0\x7F"sv, "a\\x00\\x7F"},
        Case{"carriage return", "a\rb", "a\\x0Db"}, Case{"C1 control", "\xC2\x9B", "\\xC2\\x9B"},
        Case{"no lead byte", "\x80\xFF", "\\x80\\xFF"}, Case{"cut character", "\xE7\x94", "\\xE7\\x94"},
        Case{"overlong", "\xC0\xAF\xE0\x80\xAF", "\\xC0\\xAF\\xE0\\x80\\xAF"},
        Case{"surrogate", "\xED\xA0\x80", "\\xED\\xA0\\x80"},
        Case{"past the last character", "\xF4\x90\x80\x80", "\\xF4\\x90\\x80\\x80"}}) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(printable(c.text, 100), c.shown);
    EXPECT_EQ(printable(c.shown, 100), c.shown);
  }
}

TEST(Printable, CutsBetweenCharacters) {
  EXPECT_EQ(printable("abc", 3), "abc");
  EXPECT_EQ(printable("abcd", 3), "abc…");
  EXPECT_EQ(printable("a电表", 4), "a电…");
  EXPECT_EQ(printable("a电表", 3), "a…");
}

}  // namespace
}  // namespace meterhouse

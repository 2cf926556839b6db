#include "base/utf8.h"

#include <gtest/gtest.h>

namespace meterhouse {
namespace {

TEST(FirstNotUtf8, FollowsRfc3629) {
  struct Case {
    const char* what;
    std::string_view text;
    std::optional<std::size_t> at;
  };
  using namespace std::string_view_literals;
  for (const Case& c : {Case{"empty", "", std::nullopt},
                        Case{"one to four bytes", "a\xC2\x80\xE4\xB8\xAD\xF0\x9F\x94\x8C", std::nullopt},
                        Case{"a NUL", "a\0b"sv, std::nullopt}, Case{"a tail alone", "ab\x80", 2},
                        Case{"too long a form", "\xC0\xAF", 0}, Case{"a surrogate", "\xED\xA0\x80", 0},
                        Case{"past the last character", "\xF4\x90\x80\x80", 0}, Case{"cut short", "a\xE4\xB8", 1},
                        Case{"another alphabet", "caf\xE9 x", 3}})
    EXPECT_EQ(first_not_utf8(c.text), c.at) << c.what;
}

}  // namespace
}  // namespace meterhouse

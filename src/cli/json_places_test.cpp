#include "cli/json_places.h"

#include <gtest/gtest.h>

namespace meterhouse::cli {
namespace {

TEST(JsonPlaces, TellsTheLineOfEachValue) {
  const JsonPlaces places{"{\n \"a\": {\n  \"b\": [1, \"x,]}\\\"\",\n   {\"c\": null}]},\n\n \"d\\u0065\" : true }\n"};
  struct Case {
    const char* path;
    std::optional<std::size_t> line;
  };
  for (const Case& c : {Case{"a", 2}, Case{"a.b", 3}, Case{"a.b[0]", 3}, Case{"a.b[1]", 3}, Case{"a.b[2]", 4},
                        Case{"a.b[2].c", 4}, Case{"de", 6}, Case{"a.b[3]", std::nullopt}, Case{"e", std::nullopt}})
    EXPECT_EQ(places.line_of(c.path), c.line) << c.path;
  EXPECT_FALSE(places.twice());
}

TEST(JsonPlaces, FindsANameGivenTwice) {
  const JsonPlaces places{"{\"a\": {\"x\": 1},\n\"b\": {\"x\": 1,\n\"\\u0078\": 2}}"};
  ASSERT_TRUE(places.twice());
  EXPECT_EQ(places.twice()->path, "b.x");
  EXPECT_EQ(places.twice()->line, 3u);
  EXPECT_FALSE(JsonPlaces{R"([{"x": 1}, {"x": 2}])"}.twice());
}

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
}  // namespace meterhouse::cli

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

}  // namespace
}  // namespace meterhouse::cli

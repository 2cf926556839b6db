#include "base/nearest.h"

#include <gtest/gtest.h>

#include <string>

namespace meterhouse {
namespace {

TEST(Nearest, CountsTheCharactersThatDiffer) {
  struct Case {
    const char *a, *b;
    std::size_t distance;
  };
  for (const Case& c : {Case{"", "", 0}, Case{"", "abc", 3}, Case{"import", "imprt", 1}, Case{"to", "too", 1},
                        Case{"abc", "acb", 2}, Case{"Register", "register", 0}, Case{"kitten", "sitting", 3}}) {
    SCOPED_TRACE(c.a);
    EXPECT_EQ(edit_distance(c.a, c.b), c.distance);
    EXPECT_EQ(edit_distance(c.b, c.a), c.distance);
  }
}

TEST(Nearest, IsTheWordThatWasMeantOrNone) {
  constexpr std::string_view kWords[] = {"serve", "import", "export", "--to", "--data"};
  struct Case {
    const char* word;
    std::optional<std::string_view> nearest;
  };
  for (const Case& c :
       {Case{"imprt", "import"}, Case{"exprot", "export"}, Case{"--too", "--to"}, Case{"--dat", "--data"},
        Case{"frobnicate", std::nullopt}, Case{"x", std::nullopt}, Case{"", std::nullopt}}) {
    SCOPED_TRACE(c.word);
    EXPECT_EQ(nearest_word(c.word, kWords), c.nearest);
  }
  EXPECT_EQ(nearest_word("import", {}), std::nullopt);
  EXPECT_EQ(nearest_word(std::string(1'000'000, 'a'), kWords), std::nullopt);
}

}  // namespace
}  // namespace meterhouse

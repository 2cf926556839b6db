#include "cli/csv_line.h"

#include <gtest/gtest.h>

namespace meterhouse::cli {
namespace {

TEST(CsvLine, SplitsFieldsAndTakesQuotesOff) {
  using Fields = std::vector<std::string>;
  EXPECT_EQ(csv_fields("a,b,c"), (Fields{"a", "b", "c"}));
  EXPECT_EQ(csv_fields(" a , \"b, c\" ,\"say \"\"d\"\"\"\r"), (Fields{"a", "b, c", "say \"d\""}));
  EXPECT_EQ(csv_fields(",,"), (Fields{"", "", ""}));
  EXPECT_EQ(csv_fields(""), (Fields{""}));
}

TEST(CsvLine, WritesQuotesWhereTheyAreNeeded) {
  for (const std::string text : {"plain", "a, b", "say \"d\""})
    EXPECT_EQ(csv_fields(csv_field(text)), (std::vector<std::string>{text}));
  EXPECT_EQ(csv_field("plain"), "plain");
}

}  // namespace
}  // namespace meterhouse::cli

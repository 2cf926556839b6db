#include "cli/meter_list.h"

#include <gtest/gtest.h>

namespace meterhouse::cli {
namespace {

TEST(MeterList, ReadsColumnsInAnyOrder) {
  const auto meters = parse_meter_list(
      "Area,region,meter_id,dwelling_type,register_digits\r\n"
      "Bishan,Central Region,000000001,1-room / 2-room,6\r\n"
      "\r\n"
      "\"Bedok, old\",East Region,100000002,4-room,\r\n");
  ASSERT_TRUE(meters.has_value()) << meters.error().message;
  ASSERT_EQ(meters->size(), 2u);
  EXPECT_EQ((*meters)[0].id.text(), "000000001");
  EXPECT_EQ((*meters)[0].register_digits, 6);
  EXPECT_EQ((*meters)[1].area, "Bedok, old");
  EXPECT_EQ((*meters)[1].register_digits, std::nullopt);
}

TEST(MeterList, NamesTheLineThatIsWrong) {
  for (const auto& [text, words] : {
           std::pair{"meter_id,region,area\n", "no column dwelling_type"},
           std::pair{"meter_id,region,area,dwelling_type\n1,R,A,D\n", "line 2"},
           std::pair{"meter_id,region,area,dwelling_type\n100000001,R,A,D\n100000002,R,A\n", "line 3: has 3 fields"},
           std::pair{"meter_id,region,area,dwelling_type,register_digits\n100000001,R,A,D,six\n", "`six`"},
       }) {
    SCOPED_TRACE(text);
    const auto meters = parse_meter_list(text);
    ASSERT_FALSE(meters.has_value());
    EXPECT_NE(meters.error().message.find(words), std::string::npos) << meters.error().message;
  }
}

TEST(MeterList, ADwellingHasThreeParts) {
  const auto dwelling = parse_dwelling("Central Region, Bishan ,1-room / 2-room");
  ASSERT_TRUE(dwelling.has_value());
  EXPECT_EQ(dwelling->area, "Bishan");
  EXPECT_FALSE(parse_dwelling("Central Region,Bishan").has_value());
  EXPECT_FALSE(parse_dwelling("Central Region,,4-room").has_value());
}

}  // namespace
}  // namespace meterhouse::cli

#include "cli/meter_list.h"

#include <gtest/gtest.h>

namespace meterhouse::cli {
namespace {

TEST(MeterList, ReadsColumnsInAnyOrder) {
  const auto list = parse_meter_list(
      "Area,region,meter_id,dwelling_type,register_digits\r\n"
      "Bishan,Central Region,000000001,1-room / 2-room,6\r\n"
      "\r\n"
      "\"Bedok, old\",East Region,100000002,4-room,\r\n");
  ASSERT_TRUE(list.has_value()) << list.error().message;
  const auto& meters = list->meters;
  ASSERT_EQ(meters.size(), 2u);
  EXPECT_EQ(meters[0].id.text(), "000000001");
  EXPECT_EQ(meters[0].register_digits, 6);
  EXPECT_EQ(meters[1].area, "Bedok, old");
  EXPECT_EQ(meters[1].register_digits, std::nullopt);
  EXPECT_EQ(list->lines, (std::vector<std::uint64_t>{2, 4}));
}

TEST(MeterList, NamesTheLinesThatAreWrongAndKeepsTheOthers) {
  const auto list = parse_meter_list(
      "meter_id,region,area,dwelling_type,register_digits\n1,R,A,D,\n100000001,R,A,D,6\n100000002,R,A\n"
      "100000003,R,A,D,six\n100000004,R,A,D,\n");
  ASSERT_TRUE(list.has_value()) << list.error().message;
  EXPECT_EQ(list->lines, (std::vector<std::uint64_t>{3, 6}));
  ASSERT_EQ(list->rejects.size(), 3u);
  EXPECT_EQ(list->rejects[0].row, 2u);
  EXPECT_EQ(list->rejects[0].field, "meter_id");
  EXPECT_EQ(list->rejects[1], (RowReject{4, "", "has 3 fields, the header 5"}));
  EXPECT_EQ(list->rejects[2], (RowReject{5, "register_digits", "`six` is no number"}));
}

TEST(MeterList, RefusesWhatIsNoList) {
  for (const auto& [text, words] :
       {std::pair{"meter_id,region,area\n", "no column dwelling_type"}, std::pair{"\x1f\x8b\x08", "gzip"}}) {
    const auto list = parse_meter_list(text);
    ASSERT_FALSE(list.has_value());
    EXPECT_NE(list.error().message.find(words), std::string::npos) << list.error().message;
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

#include "model/ids.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace meterhouse {
namespace {

TEST(MeterId, HasExactlyNineDigits) {
  EXPECT_EQ(MeterId::parse("100000001")->number(), 100'000'001U);
  EXPECT_EQ(MeterId::parse("000000000")->number(), 0U);
  EXPECT_EQ(MeterId::parse("999999999")->number(), MeterId::kMax);
  EXPECT_EQ(MeterId::parse("000000042")->text(), "000000042");
  for (const char* text :
       {"", "1", "10000000", "1000000001", "10000000a", "-00000001", " 00000001", "100 00001", "１00000"}) {
    SCOPED_TRACE(text);
    const auto id = MeterId::parse(text);
    ASSERT_FALSE(id.has_value());
    EXPECT_EQ(id.error().code, Errc::invalid_argument);
  }
}

TEST(MeterId, OrdersAsItsDigits) {
  EXPECT_LT(*MeterId::parse("000000009"), *MeterId::parse("000000010"));
  EXPECT_EQ(std::hash<MeterId>{}(*MeterId::parse("000000009")), std::hash<MeterId>{}(MeterId::from_number(9)));
}

TEST(Channel, HasTwoNames) {
  for (const Channel channel : kChannels) EXPECT_EQ(*parse_channel(to_string(channel)), channel);
  for (const char* text : {"", "Import", "in", "import ", "net"}) {
    const auto channel = parse_channel(text);
    ASSERT_FALSE(channel.has_value()) << text;
    EXPECT_EQ(channel.error().code, Errc::invalid_argument);
  }
}

TEST(SeriesKey, PacksMeterAndChannel) {
  for (const std::uint32_t number : {0U, 1U, 100'000'001U, MeterId::kMax}) {
    for (const Channel channel : kChannels) {
      const SeriesKey key{MeterId::from_number(number), channel};
      EXPECT_EQ(key.meter(), MeterId::from_number(number));
      EXPECT_EQ(key.channel(), channel);
      EXPECT_EQ(*SeriesKey::from_packed(key.packed()), key);
    }
  }
  EXPECT_EQ((SeriesKey{MeterId::from_number(42), Channel::export_}.text()), "000000042 export");
}

TEST(SeriesKey, OrdersByMeterThenChannel) {
  const auto key = [](std::uint32_t meter, Channel channel) { return SeriesKey{MeterId::from_number(meter), channel}; };
  const std::vector<SeriesKey> keys{key(1, Channel::import_), key(1, Channel::export_), key(2, Channel::import_)};
  EXPECT_TRUE(std::ranges::is_sorted(keys));
}

TEST(SeriesKey, RefusesBitsThatAreNoMeterOrChannel) {
  for (const std::uint32_t packed : {2U, 3U, (MeterId::kMax + 1) << 2, 0xFFFFFFFFU}) {
    const auto key = SeriesKey::from_packed(packed);
    ASSERT_FALSE(key.has_value()) << packed;
    EXPECT_EQ(key.error().code, Errc::corruption);
  }
}

}  // namespace
}  // namespace meterhouse

#include "model/site.h"

#include <gtest/gtest.h>

namespace meterhouse {
namespace {

TEST(Site, KnowsItsAreasByRegion) {
  const Site site{.regions = {{"East Region", {"Bedok", "Changi"}}, {"West Region", {"Boon Lay"}}, {"Empty", {}}},
                  .dwelling_types = {"3-room", "4-room"}};
  EXPECT_TRUE(site.has_area("East Region", "Changi"));
  EXPECT_TRUE(site.has_area("West Region", "Boon Lay"));
  EXPECT_FALSE(site.has_area("West Region", "Changi"));
  EXPECT_FALSE(site.has_area("East Region", "changi"));
  EXPECT_FALSE(site.has_area("Empty", ""));
  EXPECT_FALSE(site.has_area("", "Bedok"));
  EXPECT_TRUE(site.has_dwelling_type("4-room"));
  EXPECT_FALSE(site.has_dwelling_type("5-room"));
}

TEST(Site, LivesByDefaultInSingapore) {
  const Site site;
  EXPECT_EQ(site.timezone, "Asia/Singapore");
  EXPECT_EQ(site.snap, Seconds{120});
  EXPECT_FALSE(site.has_area("East Region", "Bedok"));
}

}  // namespace
}  // namespace meterhouse

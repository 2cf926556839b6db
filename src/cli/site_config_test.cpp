#include "cli/site_config.h"

#include <gtest/gtest.h>

namespace meterhouse::cli {
namespace {

TEST(SiteConfig, ReadsTheShippedConfiguration) {
  const auto site = read_site(posix_file_system(), std::string{METERHOUSE_SOURCE_DIR} + "/config/meterhouse.json");
  ASSERT_TRUE(site.has_value()) << site.error().message;
  EXPECT_EQ(site->regions.size(), 5u);
  EXPECT_EQ(site->dwelling_types.size(), 6u);
  EXPECT_TRUE(site->has_area("Central Region", "Bishan"));
  EXPECT_FALSE(site->has_area("East Region", "Bishan"));
  EXPECT_EQ(site->timezone, "Asia/Singapore");
}

TEST(SiteConfig, TakesAMappingAndAClock) {
  const auto site = parse_site(R"({"region_area_mapping": {"North": ["A", "B"], "South": ["C"]}, "snap_seconds": 60,
                                   "timezone": "Europe/London", "dwelling_data": {"DwellingType": ["flat"]}})");
  ASSERT_TRUE(site.has_value()) << site.error().message;
  EXPECT_TRUE(site->has_area("North", "B"));
  EXPECT_TRUE(site->has_area("South", "C"));
  EXPECT_EQ(site->timezone, "Europe/London");
  EXPECT_EQ(site->snap, Seconds{60});
}

TEST(SiteConfig, SaysWhatIsWrong) {
  struct Case {
    const char* text;
    const char* words;
  };
  for (const Case& c : {
           Case{"{", "no JSON"},
           Case{"{}", "there is no area"},
           Case{R"({"area_data": {"Area": ["A"], "Region": []}})", "1 areas but 0 regions"},
           Case{R"({"area_data": {"Area": ["A", 7], "Region": ["R", "R"]}})", "area_data.Area[1] is not a name"},
           Case{R"({"region_area_mapping": {"R": "A"}})", "region_area_mapping.R is not a list"},
           Case{R"({"region_area_mapping": {"R": ["A"]}})", "dwelling_data.DwellingType is not a list"},
           Case{
               R"({"region_area_mapping": {"R": ["A"]}, "dwelling_data": {"DwellingType": ["d"]}, "timezone": "Mars"})",
               "timezone"},
       }) {
    SCOPED_TRACE(c.text);
    const auto site = parse_site(c.text);
    ASSERT_FALSE(site.has_value());
    EXPECT_NE(site.error().message.find(c.words), std::string::npos) << site.error().message;
  }
}

}  // namespace
}  // namespace meterhouse::cli

#include "cli/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/temporary_directory.h"
#include "store/contract/must.h"

namespace meterhouse::cli {
namespace {

using testing::HasSubstr;

const std::string kSource = METERHOUSE_SOURCE_DIR;

// A configuration that is complete, with more keys behind it.
std::string with(std::string_view keys) {
  return fmt::format(
      "{{\"region_area_mapping\": {{\"North\": [\"A\", \"B\"]}},\n"
      " \"dwelling_data\": {{\"DwellingType\": [\"flat\"]}}{}{}}}",
      keys.empty() ? "" : ",\n ", keys);
}

TEST(Config, ReadsTheShippedFile) {
  const auto config = read_config(posix_file_system(), kSource + "/config/meterhouse.json");
  ASSERT_TRUE(config.has_value()) << config.error().message;
  const Site& site = config->site;
  EXPECT_EQ(site.regions.size(), 5u);
  EXPECT_EQ(site.dwelling_types.size(), 6u);
  EXPECT_TRUE(site.has_area("Central Region", "Bishan"));
  EXPECT_FALSE(site.has_area("East Region", "Bishan"));
  EXPECT_EQ(site.timezone, "Asia/Singapore");
}

TEST(Config, TellsWhatOfTheFirstSystemsFileIsNotUsed) {
  const auto config = parse_config(R"({"area_data": {"AreaID": [1], "Area": ["Bishan"], "Region": ["Central"]},
                                       "dwelling_data": {"TypeID": [1], "DwellingType": ["3-room"]}})");
  ASSERT_TRUE(config.has_value()) << config.error().message;
  ASSERT_EQ(config->ignored.size(), 2u);
  EXPECT_EQ(config->ignored[0].path, "area_data.AreaID");
  EXPECT_EQ(config->ignored[1].path, "dwelling_data.TypeID");
  for (const ConfigKey& key : config->ignored) EXPECT_THAT(std::string{key.ignored}, HasSubstr("the first system"));
}

TEST(Config, TakesEveryKey) {
  const auto config = parse_config(with(R"("timezone": "Europe/London", "snap_seconds": 60, "io_threads": 3,
      "allowed_hosts": ["meters.example"], "bulk_records_max": 1000, "head_budget_mb": 64, "worker_threads": 5,
      "connections_max": 7, "area_data": {"Area": ["C"], "Region": ["South"]})"));
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_TRUE(config->site.has_area("North", "B"));
  EXPECT_TRUE(config->site.has_area("South", "C"));
  EXPECT_EQ(config->site.timezone, "Europe/London");
  EXPECT_EQ(config->site.snap, Seconds{60});
  const ServerSettings& server = config->server;
  EXPECT_EQ(server.allowed_hosts, std::vector<std::string>{"meters.example"});
  EXPECT_EQ(server.bulk_records_max, 1000u);
  EXPECT_EQ(server.head_budget_mb, 64u);
  EXPECT_EQ(server.io_threads, 3);
  EXPECT_EQ(server.worker_threads, 5);
  EXPECT_EQ(server.connections_max, 7u);
  EXPECT_TRUE(config->ignored.empty());
}

TEST(Config, TheDrillIsOnADayOfTheWeekOrNever) {
  EXPECT_EQ(parse_config(with(""))->server.weekly_drill, std::nullopt);
  EXPECT_EQ(parse_config(with(R"("weekly_drill": "off")"))->server.weekly_drill, std::nullopt);
  EXPECT_EQ(parse_config(with(R"("weekly_drill": "sunday")"))->server.weekly_drill, date::Sunday);
  EXPECT_EQ(parse_config(with(R"("weekly_drill": "saturday")"))->server.weekly_drill, date::Saturday);
}

TEST(Config, RefusesAKeyThatThereIsNotAndNamesTheNearest) {
  struct Case {
    const char* keys;
    const char* unknown;
    const char* nearest;
  };
  for (const Case& c : {Case{R"("timezon": "Europe/London")", "timezon", "timezone"},
                        Case{R"("TimeZone": "Europe/London")", "TimeZone", "timezone"},
                        Case{R"("allowed_host": [])", "allowed_host", "allowed_hosts"},
                        Case{R"("head_budget": 64)", "head_budget", "head_budget_mb"},
                        Case{R"("area_data": {"Areas": []})", "area_data.Areas", "area_data.Area"}}) {
    SCOPED_TRACE(c.keys);
    const auto config = parse_config(with(c.keys));
    ASSERT_FALSE(config.has_value());
    EXPECT_EQ(config.error().message,
              fmt::format("line 3: {} is no key of the configuration; the nearest is {}", c.unknown, c.nearest));
  }
}

TEST(Config, SaysWhatIsWrongAndWhere) {
  struct Case {
    std::string text;
    const char* words;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"", "the file is empty"},
           {" \n\t", "the file is empty"},
           {"{", "line 1: this is no JSON: incomplete"},
           {"{\n\"a\": 1,\n,}", "line 3: this is no JSON: syntax error"},
           {with("") + "\n}", "line 3: this is no JSON: extra data"},
           {"[]", "the file is a list, not a JSON object"},
           {"7", "the file is a number, not a JSON object"},
           {with("\n\"timezone\": \"M\xFCnchen\""), "line 4: the bytes are not UTF-8 text"},
           {"\xFF\xFE{", "line 1: the bytes are not UTF-8 text"},
           {std::string(100, '[') + std::string(100, ']'), "this is no JSON: too deep"},
           {"{}", "there is no area"},
           {R"({"region_area_mapping": {}, "dwelling_data": {"DwellingType": ["d"]}})", "there is no area"},
           {R"({"area_data": 7})", "line 1: area_data is a number, not an object with the lists Area and Region"},
           {R"({"area_data": {"Area": ["A"]}})", "area_data lacks the list Region"},
           {R"({"area_data": {"Area": ["A"], "Region": []}})", "area_data has 1 areas but 0 regions"},
           {"{\"area_data\": {\"Area\": [\"A\",\n7], \"Region\": [\"R\", \"R\"]}}",
            "line 2: area_data.Area[1] is a number, not a name"},
           {R"({"area_data": {"Area": [""], "Region": ["R"]}})", "area_data.Area[0] is an empty name"},
           {R"({"region_area_mapping": {"R": "A"}})", "region_area_mapping.R is a text, not a list of names"},
           {R"({"region_area_mapping": {"R": ["A"]}})", "there is no dwelling type"},
           {R"({"region_area_mapping": {"R": ["A"]}, "dwelling_data": {}})",
            "dwelling_data lacks the list DwellingType"},
           {with(R"("timezone": "Mars/Base")"), "line 3: timezone"},
           {with(R"("timezone": null)"), "line 3: timezone is null, not the name of a time zone"},
           {with(R"("snap_seconds": 901)"), "line 3: snap_seconds is 901, not a whole number from 0 to 900"},
           {with(R"("io_threads": "2")"), "line 3: io_threads is a text, not a whole number from 1 to 64"},
           {with(R"("io_threads": 1.5)"), "io_threads is 1.5, not a whole number"},
           {with(R"("bulk_records_max": 0)"), "bulk_records_max is 0"},
           {with(R"("weekly_drill": "Sundays")"), "weekly_drill is 'Sundays', not a day of the week"},
           {with(R"("weekly_drill": true)"), "weekly_drill is true or false, not a day of the week"},
           {with(R"("connections_max": 99999999999999999999)"), "connections_max is"},
           {with(R"("allowed_hosts": "x")"), "allowed_hosts is a text, not a list of names"},
           {with("\"allowed_hosts\": [\"a.example\",\n\"b.example:80\"]"),
            "line 4: allowed_hosts[1] 'b.example:80' is not a host name without port"},
           {with("\"io_threads\": 1,\n\"io_threads\": 2"), "line 4: io_threads is given twice"},
       }) {
    SCOPED_TRACE(c.text);
    const auto config = parse_config(c.text);
    ASSERT_FALSE(config.has_value());
    EXPECT_EQ(config.error().code, Errc::invalid_argument);
    EXPECT_THAT(config.error().message, HasSubstr(c.words));
  }
}

TEST(Config, AByteOrderMarkDoesNotMatter) { EXPECT_TRUE(parse_config("\xEF\xBB\xBF" + with("")).has_value()); }

TEST(Config, NamesTheFile) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/site.json";
  must(write_file_atomically(posix_file_system(), path, with(R"("zone": "Europe/London")")));
  EXPECT_THAT(read_config(posix_file_system(), path).error().message, HasSubstr(path + ": line 3: zone is no key"));
  const auto missing = read_config(posix_file_system(), directory.path() + "/none.json");
  EXPECT_EQ(missing.error().code, Errc::not_found);
  EXPECT_THAT(missing.error().message, HasSubstr("none.json: name one with --config"));
}

TEST(Config, EveryKeyIsInTheOperationsPages) {
  for (const char* page : {"/docs/operations.md", "/docs/operations.zh-CN.md"}) {
    const auto text = *read_file(posix_file_system(), kSource + page);
    for (const ConfigKey& key : config_keys())
      EXPECT_THAT(text, HasSubstr(fmt::format("`{}`", key.path))) << page << " has no row for it";
  }
}

}  // namespace
}  // namespace meterhouse::cli

#include "formats/legacy_bodies.h"

#include "formats/row_test_support.h"

namespace meterhouse {
namespace {

using test::kTestNow;
using test::singapore;

// What a client is told of a single reading of a registered meter.
std::string answer_to_reading(std::string_view body) {
  const auto parsed = parse_legacy_reading(body, singapore(), kTestNow + kMaxClockLead);
  if (!parsed) return parsed.error().message;
  const auto reading = accept_legacy_reading(*parsed);
  if (!reading) return reading.error().message;
  return fmt::format("{} {} {}", reading->key().meter().text(), singapore().format(reading->at()),
                     format_kwh(reading->register_value()));
}

struct Case {
  const char* name;
  const char* body;
  const char* expected;
};

TEST(LegacyReading, AnswersInTheFirstSystemsOrder) {
  for (const Case& c : {
           Case{"good",
                R"({"meter_id":"100000001","timestamp":"2025-02-20T10:30:00","reading":123.45,"seq":[1,{"a":2}]})",
                "100000001 2025-02-20T10:30:00+08:00 123.45"},
           {"decimal text", R"({"meter_id":"100000001","timestamp":"2025-02-20 10:30","reading":"123.45"})",
            "100000001 2025-02-20T10:30:00+08:00 123.45"},
           {"microseconds", R"({"meter_id":"100000001","timestamp":"2025-02-20T10:30:00.123456","reading":1})",
            "100000001 2025-02-20T10:30:00+08:00 1"},
           {"zero is a value", R"({"meter_id":"100000001","timestamp":"2025-02-20","reading":0})",
            "100000001 2025-02-20T00:00:00+08:00 0"},
           {"the last of two counts", R"({"meter_id":"1","meter_id":"100000001","timestamp":"2025-02-20","reading":0})",
            "100000001 2025-02-20T00:00:00+08:00 0"},
           {"empty", "", "Invalid JSON body"},
           {"no JSON", "{meter_id:1}", "Invalid JSON body"},
           {"a list", "[]", "Invalid JSON body"},
           {"text behind", "{} x", "Invalid JSON body"},
           {"rubbish behind the wanted fields",
            R"({"meter_id":"100000001","timestamp":"2025-02-20","reading":1,"z":tru})", "Invalid JSON body"},
           {"a comma too many", R"({"meter_id":"100000001","timestamp":"2025-02-20","reading":1,})",
            "Invalid JSON body"},
           {"NaN", R"({"meter_id":"100000001","timestamp":"2025-02-20","reading":NaN})", "Invalid JSON body"},
           {"nothing", "{}", "Missing required fields"},
           {"no reading, bad id", R"({"meter_id":"1","timestamp":"2025-02-20"})", "Missing required fields"},
           {"null", R"({"meter_id":"1","timestamp":null,"reading":1})", "Missing required fields"},
           {"an empty id", R"({"meter_id":"","timestamp":"2025-02-20","reading":1})", "Missing required fields"},
           {"a short id, bad time", R"({"meter_id":"1","timestamp":"x","reading":1})", "Invalid MeterID format"},
           {"a numeric id", R"({"meter_id":100000001,"timestamp":"2025-02-20","reading":1})", "Invalid MeterID format"},
           {"a bad time, bad value", R"({"meter_id":"100000001","timestamp":"x","reading":"x"})",
            "Invalid timestamp format"},
           {"a numeric time", R"({"meter_id":"100000001","timestamp":1,"reading":1})", "Invalid timestamp format"},
           {"before 1970", R"({"meter_id":"100000001","timestamp":"1900-01-01","reading":1})",
            "Invalid timestamp format"},
           {"no number, in the future", R"({"meter_id":"100000001","timestamp":"2040-01-01","reading":"x"})",
            "Invalid reading value"},
           {"negative", R"({"meter_id":"100000001","timestamp":"2025-02-20","reading":-1})", "Invalid reading value"},
           {"a truth value", R"({"meter_id":"100000001","timestamp":"2025-02-20","reading":true})",
            "Invalid reading value"},
           {"in the future", R"({"meter_id":"100000001","timestamp":"2040-01-01","reading":1})",
            "Timestamp in the future"},
           {"after the last instant that can be stored",
            R"({"meter_id":"100000001","timestamp":"2200-01-01T00:00","reading":1})", "Timestamp in the future"},
           {"the last second that can be written",
            R"({"meter_id":"100000001","timestamp":"9999-12-31T23:59:59-12:00","reading":1})",
            "Timestamp in the future"},
           {"v1 names are no fields here", R"({"meter_id":"100000001","at":"2025-02-20","register":1})",
            "Missing required fields"},
       }) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(answer_to_reading(c.body), c.expected);
  }
}

std::string answer_to_bulk(std::string_view body, std::size_t max_records = 3) {
  const auto rows = parse_legacy_bulk(body, singapore(), kTestNow, max_records);
  if (!rows) return rows.error().message;
  return fmt::format("good {} bad {}", rows->readings.size(), rows->rejected);
}

TEST(LegacyBulk, CountsBadRecordsAndKeepsTheOthers) {
  const std::string good = R"({"meter_id":"100000001","timestamp":"2025-02-20","reading":0,"seq":1})";
  EXPECT_EQ(answer_to_bulk("[]"), "good 0 bad 0");
  EXPECT_EQ(answer_to_bulk(fmt::format(R"([{0},{{"meter_id":"1"}},7])", good)), "good 1 bad 2");
  EXPECT_EQ(answer_to_bulk(fmt::format("[{0},{0},{0}]", good)), "good 3 bad 0");
  EXPECT_EQ(answer_to_bulk(fmt::format("[{0},{0},{0},{0}]", good)), "Exceed max bulk records limit");
  EXPECT_EQ(answer_to_bulk("[1,2,3,4]"), "Exceed max bulk records limit");
  for (const char* body : {"", "{}", "7", "[", "[{]", "[1] x"}) {
    SCOPED_TRACE(body);
    EXPECT_EQ(answer_to_bulk(body), "Input must be a JSON list");
  }
}

std::string answer_to_registration(std::string_view body) {
  const Site site{{{"East Region", {"Bedok", "Changi"}}, {"West Region", {"Pioneer"}}}, {"3-room"}};
  const auto registration = parse_legacy_registration(body);
  if (!registration) return registration.error().message;
  const auto checked = check_legacy_registration(*registration, site);
  if (!checked) return checked.error().message;
  return fmt::format("{} {} {} {}", registration->meter.text(), registration->region, registration->area,
                     registration->dwelling_type);
}

TEST(LegacyRegistration, AnswersInTheFirstSystemsOrder) {
  for (const Case& c : {
           Case{"good",
                R"({"meter_id":"100000001","region":"East Region","area":"Bedok","dwelling_type":"3-room","x":1})",
                "100000001 East Region Bedok 3-room"},
           {"escaped",
            R"({"meter_id":"100000001","region":"East\u0020Region","area":"Bedok","dwelling_type":"3-room"})",
            "100000001 East Region Bedok 3-room"},
           {"empty", "", "Empty request body"},
           {"empty object", " {} ", "Empty request body"},
           {"null", "null", "Empty request body"},
           {"no JSON", "x", "Invalid JSON body"},
           {"a list", "[1]", "Invalid JSON body"},
           {"cut", R"({"meter_id":"100000001")", "Invalid JSON body"},
           {"all missing", R"({"x":1})", "Missing fields: ['meter_id', 'region', 'area', 'dwelling_type']"},
           {"two missing", R"({"meter_id":"1","region":"","dwelling_type":"3-room"})",
            "Missing fields: ['region', 'area']"},
           {"one missing", R"({"meter_id":"1","region":"R","area":"A","dwelling_type":null})",
            "Missing fields: ['dwelling_type']"},
           {"a short id", R"({"meter_id":"1","region":"R","area":"A","dwelling_type":"D"})",
            "MeterID must be 9 digits"},
           {"a numeric id", R"({"meter_id":100000001,"region":"R","area":"A","dwelling_type":"D"})",
            "MeterID must be 9 digits"},
           {"another region's area",
            R"({"meter_id":"100000001","region":"West Region","area":"Bedok","dwelling_type":"D"})",
            "Invalid region-area combination"},
           {"a region that is a number", R"({"meter_id":"100000001","region":5,"area":"Bedok","dwelling_type":"D"})",
            "Invalid region-area combination"},
           {"another dwelling", R"({"meter_id":"100000001","region":"East Region","area":"Bedok","dwelling_type":"D"})",
            "Invalid dwelling type"},
       }) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(answer_to_registration(c.body), c.expected);
  }
}

}  // namespace
}  // namespace meterhouse

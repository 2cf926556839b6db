#include "simulator/holidays.h"

#include <gtest/gtest.h>

namespace meterhouse::simulator {
namespace {

using namespace date::literals;

TEST(Holidays, FollowRulesAndTable) {
  struct Case {
    const char* name;
    date::year_month_day day;
    bool holiday;
  };
  for (const Case& c :
       {Case{"National Day", 2025_y / 8 / 9, true}, Case{"an ordinary day", 2025_y / 8 / 12, false},
        Case{"Good Friday", 2025_y / 4 / 18, true}, Case{"Good Friday past the table", 2038_y / 4 / 23, true},
        Case{"Chinese New Year", 2024_y / 2 / 10, true}, Case{"its second day", 2024_y / 2 / 11, true},
        Case{"the Monday after a Sunday", 2024_y / 2 / 12, true}, Case{"Deepavali", 2025_y / 10 / 20, true},
        Case{"Christmas past the table", 2050_y / 12 / 25, true}}) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(is_public_holiday(date::local_days{c.day}), c.holiday);
  }
}

}  // namespace
}  // namespace meterhouse::simulator

#include "base/at_leisure.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <string>
#include <thread>

namespace meterhouse {
namespace {

TEST(AtLeisure, GivesWhatTheWorkGave) {
  const std::string text = "register";
  EXPECT_EQ(at_leisure([&] { return text + "s"; }), "registers");
}

TEST(AtLeisure, WorksBelowEverybodyElseAndLeavesTheCallerItsRank) {
  const int before = ::sched_getscheduler(0);
  const auto caller = std::this_thread::get_id();
  EXPECT_EQ(at_leisure([] { return ::sched_getscheduler(0); }), SCHED_IDLE);
  EXPECT_NE(at_leisure([] { return std::this_thread::get_id(); }), caller);
  EXPECT_EQ(::sched_getscheduler(0), before);
}

}  // namespace
}  // namespace meterhouse

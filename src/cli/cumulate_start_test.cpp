#include "cli/cumulate_start.h"

#include <gtest/gtest.h>

#include "model/energy.h"

namespace meterhouse::cli {
namespace {

const SeriesKey kKey{MeterId::from_number(500'000'001), Channel::import_};
constexpr Instant kOpening = instant_from_epoch(1'740'052'800);

Reading standing(Seconds after_opening, const char* kwh) { return {kKey, kOpening + after_opening, *parse_kwh(kwh)}; }

TEST(CumulateStart, IsTheRegisterThatStandsThereOrAgreesWithThoseAround) {
  const auto before = standing(-Seconds{7200}, "12"), there = standing(Seconds{0}, "12"),
             after = standing(Seconds{3600}, "13");
  struct Case {
    const char* name;
    const char* start;
    Surroundings around;
    const char* refusal;  // a part of it; nullptr: none
    bool step = false;
  };
  for (const Case& c :
       {Case{"the channel's first", "100", {}, nullptr},
        Case{"what stands there", "12", {std::nullopt, there, std::nullopt}, nullptr},
        Case{"too low", "11.999999", {before, there, after}, "and not 11.999999. Go on with --cumulate 12"},
        Case{"too high", "100", {before, there, after}, "and not 100"},
        Case{"goes on over a gap", "12", {before, std::nullopt, std::nullopt}, nullptr},
        Case{"below the last before", "11", {before, std::nullopt, after}, "would fall to 11"},
        Case{"above the last before", "12.5", {before, std::nullopt, after}, nullptr, true},
        Case{"as high as the next after", "13", {before, std::nullopt, after}, nullptr, true},
        Case{"above the next after", "13.1", {before, std::nullopt, after}, "START is at most 13"},
        Case{"before all there is", "0", {std::nullopt, std::nullopt, after}, nullptr},
        Case{"before all there is and above it", "14", {std::nullopt, std::nullopt, after}, "START is at most 13"}}) {
    SCOPED_TRACE(c.name);
    const auto first = standing(Seconds{0}, c.start);
    const auto checked = check_start(first, c.around);
    EXPECT_EQ(checked.has_value(), c.refusal == nullptr);
    if (!checked && c.refusal != nullptr) {
      EXPECT_EQ(checked.error().code, Errc::invalid_argument);
      EXPECT_NE(checked.error().message.find(c.refusal), std::string::npos) << checked.error().message;
    }
    if (!checked) continue;
    EXPECT_EQ(step_before(first, c.around).has_value(), c.step);
  }
}

}  // namespace
}  // namespace meterhouse::cli

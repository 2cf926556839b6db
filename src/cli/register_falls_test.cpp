#include "cli/register_falls.h"

#include <gtest/gtest.h>

namespace meterhouse::cli {
namespace {

std::vector<Reading> rows(std::uint32_t meter, std::span<const std::int64_t> registers) {
  std::vector<Reading> readings;
  std::int64_t at = 1'740'052'800;
  for (const auto value : registers)
    readings.emplace_back(SeriesKey{MeterId::from_number(meter), Channel::import_}, instant_from_epoch(at += 1'800),
                          MilliWattHours{value});
  return readings;
}

TEST(RegisterFalls, NamesTheMetersThatFallOftenAlone) {
  const std::vector<std::int64_t> consumption = {3, 1, 2, 1, 3, 1, 2, 1, 2, 1}, few = {3, 1, 3, 1, 3, 1, 1, 1, 1, 1};
  std::vector<std::int64_t> long_life(1'000);
  for (std::size_t i = 0; i < long_life.size(); ++i)
    long_life[i] = static_cast<std::int64_t>(i % 50 == 49 ? 0 : i);  // twenty dips
  RegisterFalls falls;
  falls.take(rows(300'000'002, consumption));
  falls.take(rows(300'000'001, few));
  falls.take(rows(300'000'003, long_life));
  auto late = rows(300'000'004, long_life);
  std::ranges::reverse(late);  // a file that begins with the newest: nothing in it goes on in time
  falls.take(late);
  EXPECT_EQ(falls.meters(), (std::vector<std::string>{"300000002"}));
}

}  // namespace
}  // namespace meterhouse::cli

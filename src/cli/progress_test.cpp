#include "cli/progress.h"

#include <gtest/gtest.h>

namespace meterhouse::cli {
namespace {

TEST(Progress, NumbersAreGroupedByThousands) {
  EXPECT_EQ(with_spaces(0), "0");
  EXPECT_EQ(with_spaces(999), "999");
  EXPECT_EQ(with_spaces(1'234'567), "1 234 567");
}

TEST(Progress, TheLineTellsShareRateAndTimeLeft) {
  EXPECT_EQ(progress_line("readings", 5'000'000, 10'000'000, 2),
            "[############            ]  50 %  5 000 000 of 10 000 000 readings, 2.5 M/s, 2 s left");
  EXPECT_EQ(progress_line("meters", 10, 10, 1), "[########################] 100 %  10 of 10 meters, 10/s");
  EXPECT_EQ(progress_line("bytes read", 12'000, 0, 1), "12 000 bytes read, 12 k/s");
  EXPECT_EQ(progress_line("bytes", 0, 100, 0), "[                        ]   0 %  0 of 100 bytes, 0/s");
}

}  // namespace
}  // namespace meterhouse::cli

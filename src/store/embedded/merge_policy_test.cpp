#include <gtest/gtest.h>

#include "store/embedded/merge.h"

namespace meterhouse {
namespace {

using Sizes = std::vector<std::uint64_t>;

TEST(PickMerge, FollowsTheMonthsState) {
  struct Case {
    const char* name;
    Sizes sizes;
    MonthState state;
    std::optional<MergePick> pick;
  };
  for (const Case& c : {
           Case{"one segment", {10}, MonthState::open, std::nullopt},
           Case{"two days of an open month", {10, 10}, MonthState::open, std::nullopt},
           Case{"three days", {10, 10, 10}, MonthState::open, MergePick{0, 3}},
           Case{"two days behind three joined", {30, 10, 10}, MonthState::open, std::nullopt},
           Case{"three days behind three joined", {30, 10, 10, 10}, MonthState::open, MergePick{0, 4}},
           Case{"the newest alone where the old are large", {1000, 10, 10, 10}, MonthState::open, MergePick{1, 4}},
           Case{"a closed month becomes one", {30, 10}, MonthState::closed, MergePick{0, 2}},
           Case{"a little late data waits", {1000, 10}, MonthState::closed, std::nullopt},
           Case{"late data are joined among themselves", {1000, 10, 10}, MonthState::closed, MergePick{1, 3}},
           Case{"a tenth of the month", {1000, 100}, MonthState::closed, MergePick{0, 2}},
       }) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(pick_merge(c.sizes, c.state), c.pick);
  }
}

TEST(PickMerge, AnOpenMonthRewritesEachByteAFewTimesOnly) {
  Sizes sizes;
  std::uint64_t rewritten = 0;
  std::size_t most = 0;
  for (int day = 0; day < 1000; ++day) {
    sizes.push_back(1);
    while (const auto pick = pick_merge(sizes, MonthState::open)) {
      std::uint64_t sum = 0;
      for (std::size_t i = pick->first; i < pick->last; ++i) sum += sizes[i];
      sizes.erase(sizes.begin() + static_cast<std::ptrdiff_t>(pick->first),
                  sizes.begin() + static_cast<std::ptrdiff_t>(pick->last));
      sizes.insert(sizes.begin() + static_cast<std::ptrdiff_t>(pick->first), sum);
      rewritten += sum;
    }
    most = std::max(most, sizes.size());
  }
  EXPECT_LE(most, 9u);
  EXPECT_LE(rewritten, 1000u * 12);
}

}  // namespace
}  // namespace meterhouse

#include "http/budget.h"

#include <gtest/gtest.h>

namespace meterhouse {
namespace {

TEST(Budget, IsSharedAtTheBoundAndOnePastIt) {
  Budget budget{10};
  BudgetShare first{budget};
  EXPECT_TRUE(first.grow(6));
  {
    BudgetShare second{budget};
    EXPECT_FALSE(second.grow(5));
    EXPECT_TRUE(second.grow(4));
    EXPECT_FALSE(first.grow(1));
  }
  EXPECT_TRUE(first.grow(4)) << "the second gave its part back";
}

}  // namespace
}  // namespace meterhouse

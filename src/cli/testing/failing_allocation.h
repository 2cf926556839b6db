#pragma once

namespace meterhouse {

// For a test program that links failing_allocation.cpp, which replaces operator new: the allocation number `count` from
// now on (0: the next) fails, of all threads together; what runs meanwhile has one, so that it is the same place each
// time.
void fail_allocation(long count);
void fail_no_allocation();

}  // namespace meterhouse

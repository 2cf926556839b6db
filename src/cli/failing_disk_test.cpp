// The n-th operation of the disk fails, for n = 0, 1, 2, … until a run gets through, in each of the things that a store
// and its backups do. The catalog's own are in store/sqlite/*damage_test.cpp, the rest of a restore in
// restore_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "base/testing/simulated_disk.h"
#include "cli/testing/fault_world.h"

namespace meterhouse {
namespace {

enum class After : std::uint8_t { crash, goes_on };

struct Failing {
  Errc with;
  After after;
  bool reads;  // those fail as well
};

class FailingDisk : public testing::TestWithParam<std::size_t> {};

// Whether the run got through. An error is told; nothing acknowledged is lost, also of what is acknowledged afterwards
// where the process goes on on a disk that is well again; a second run after the next start succeeds.
bool fail_at(std::uint64_t operation, const FaultScenario& scenario, const Failing& failing) {
  SimulatedDisk disk{operation};
  FaultWorld world{disk};
  EXPECT_TRUE(scenario.prepare(world));
  if (failing.reads) disk.count_reads();
  disk.fail_after(operation, failing.with);
  const auto acted = scenario.act(world);
  const bool failed = disk.failed();
  EXPECT_TRUE(acted || failed) << acted.error().message;
  if (failing.after == After::goes_on) {
    disk.heal();
    if (world.is_open()) static_cast<void>(world.append(2));  // taken or refused: it knows what it can promise
  }
  world.abandon();
  disk.crash();
  world.check();
  const auto again = scenario.act(world);
  EXPECT_TRUE(again) << again.error().message;
  world.abandon();
  disk.crash();
  world.check();
  return !failed;
}

// A restore has hundreds of operations: past the first hundred the everyday suite lets every so-many-th fail, and
// MH_EVERY_OPERATION=1 every one.
std::uint64_t step(std::uint64_t operation) {
  static const bool all = std::getenv("MH_EVERY_OPERATION") != nullptr;
  return all || operation < 100 ? 1 : 1 + operation / 20;
}

TEST_P(FailingDisk, LosesNothingAcknowledgedAndTheNextRunGetsThrough) {
  const FaultScenario& scenario = fault_scenarios()[GetParam()];
  for (const auto& failing : {Failing{Errc::io, After::crash, false}, Failing{Errc::io, After::goes_on, false},
                              Failing{Errc::no_space, After::crash, false},
                              Failing{Errc::no_space, After::goes_on, false}, Failing{Errc::io, After::goes_on, true}})
    for (std::uint64_t operation = 0;; operation += step(operation)) {
      SCOPED_TRACE(fmt::format("{}: operation {} fails with {}, then it {}{}", scenario.name, operation,
                               to_string(failing.with), failing.after == After::crash ? "crashes" : "goes on",
                               failing.reads ? "; reads count" : ""));
      const bool got_through = fail_at(operation, scenario, failing);
      if (HasFailure()) return;
      if (got_through) break;
    }
}

INSTANTIATE_TEST_SUITE_P(Scenarios, FailingDisk, testing::Range(std::size_t{0}, fault_scenarios().size()),
                         [](const auto& scenario) { return fault_scenario_name(scenario.param); });

// What fails is the sync of an acknowledgement: the disk says it is well again, and must not be believed.
TEST(FailedSync, NothingIsAcknowledgedAfterItBeforeTheNextStart) {
  SimulatedDisk disk;
  FaultWorld world{disk};
  ASSERT_TRUE(fault_scenarios()[0].prepare(world));
  disk.fail_after(1);  // the write passes
  ASSERT_FALSE(world.append(1));
  disk.heal();
  const auto refused = world.append(1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_FALSE(world.store().fold());
  EXPECT_FALSE(world.store().hold());
  EXPECT_FALSE(world.change());
  world.abandon();
  disk.crash();
  world.check();
  EXPECT_TRUE(world.append(1));
}

}  // namespace
}  // namespace meterhouse

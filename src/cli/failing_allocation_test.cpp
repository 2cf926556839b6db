// The n-th allocation fails, for n = 0, 1, 2, … until a run gets through, in each of the things that a store and its
// backups do. A program of its own: testing/failing_allocation.cpp replaces operator new. Each run is a process of its
// own over real files: it ends where the allocation fails, as the program does, and this process then does what the
// next start would.
//
// Counted are the allocations of the run's whole process, which has one thread, so that n is the same place each time.
// The everyday suite lets the first 50 fail and then every so-many-th; MH_EVERY_ALLOCATION=1 lets every one. SQLite
// allocates by itself and tells: an error like any other.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/testing/temporary_directory.h"
#include "cli/command.h"
#include "cli/out_of_memory.h"
#include "cli/testing/failing_allocation.h"
#include "cli/testing/fault_world.h"

namespace meterhouse {
namespace {

using Deed = FaultWorld::Deed;

constexpr const char* kDeeds = "deeds";    // a byte each, in order: nothing of them is lost where the process ends
constexpr const char* kErrors = "errors";  // its standard error
enum RunExit : int { kGotThrough = 0, kCouldNotPrepare = 10, kReportedError = 11 };

// In a process of its own.
[[noreturn]] void run(const FaultScenario& scenario, long allocation) noexcept {
  const int deeds = ::open(kDeeds, O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(::open(kErrors, O_WRONLY | O_CREAT, 0600), STDERR_FILENO);
  cli::stop_when_out_of_memory();
  FaultWorld world{posix_file_system(), [deeds](Deed deed) {
                     if (::write(deeds, &deed, 1) != 1) std::abort();
                   }};
  if (!scenario.prepare(world)) ::_exit(kCouldNotPrepare);
  fail_allocation(allocation);
  const auto acted = scenario.act(world);
  fail_no_allocation();
  if (!acted) fmt::print(stderr, "{}", acted.error().message);
  ::_exit(acted ? kGotThrough : kReportedError);
}

// Its exit code, or -1 where a signal ended it.
int run_in_a_process(const FaultScenario& scenario, long allocation) {
  const pid_t process = ::fork();
  if (process == 0) run(scenario, allocation);
  int status = 0;
  EXPECT_EQ(::waitpid(process, &status, 0), process);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Whether the run got through.
bool fail_at(long allocation, const FaultScenario& scenario) {
  const TemporaryDirectory directory;
  std::filesystem::current_path(directory.path());
  const int ended = run_in_a_process(scenario, allocation);
  const std::string errors = read_file(posix_file_system(), kErrors).value();
  EXPECT_TRUE(ended == kGotThrough || ended == cli::kExitFailed) << "ended with " << ended << ": " << errors;
  EXPECT_EQ(errors.find("meterhouse: out of memory: ") == 0, ended == cli::kExitFailed) << errors;

  FaultWorld world{posix_file_system()};
  const std::string deeds = read_file(posix_file_system(), kDeeds).value();
  for (const char deed : deeds) world.learn(Deed{deed});
  world.clock().advance(Seconds{3'600});
  world.check();
  if (testing::Test::HasFailure()) return false;
  const auto again = scenario.act(world);
  EXPECT_TRUE(again) << again.error().message;
  world.abandon();
  world.check();
  return ended == kGotThrough;
}

class FailingAllocation : public testing::TestWithParam<std::size_t> {
 protected:
  FailingAllocation() {
    // The end of a process loses no write: what a sync waits for is not what is tried here.
    if (std::filesystem::is_directory("/dev/shm")) ::setenv("TMPDIR", "/dev/shm", 0);
  }
  ~FailingAllocation() override { std::filesystem::current_path(before_); }

 private:
  const std::filesystem::path before_ = std::filesystem::current_path();
};

TEST_P(FailingAllocation, EndsTheProcessAndTheNextStartHasEverythingAcknowledged) {
  const FaultScenario& scenario = fault_scenarios()[GetParam()];
  constexpr long kEvery = 50;
  const bool all = std::getenv("MH_EVERY_ALLOCATION") != nullptr;
  long allocation = 0;
  int ended = 0;
  for (;; ++ended, allocation += all || allocation < kEvery ? 1 : 1 + allocation / 10) {
    SCOPED_TRACE(fmt::format("{}: allocation {} fails", scenario.name, allocation));
    const bool got_through = fail_at(allocation, scenario);
    if (HasFailure()) return;
    if (got_through) break;
  }
  EXPECT_GT(ended, 0);
  RecordProperty("runs_that_ended", ended);
  RecordProperty("allocations_at_most", static_cast<int>(allocation));
}

INSTANTIATE_TEST_SUITE_P(Scenarios, FailingAllocation, testing::Range(std::size_t{0}, fault_scenarios().size()),
                         [](const auto& scenario) { return fault_scenario_name(scenario.param); });

}  // namespace
}  // namespace meterhouse

#include "base/at_leisure.h"

#include <sched.h>

#include <system_error>
#include <thread>

namespace meterhouse {

// A thread of its own, because without privileges none comes back from SCHED_IDLE. Where there is no thread to be had
// or the rank is refused, the work is done all the same.
void run_at_leisure(const std::function<void()>& work) {
  const auto rank_and_work = [&work] {
    const sched_param none{};
    static_cast<void>(::sched_setscheduler(0, SCHED_IDLE, &none));
    work();
  };
  std::thread thread;
  try {
    thread = std::thread{rank_and_work};
  } catch (const std::system_error&) {
    return work();
  }
  thread.join();
}

}  // namespace meterhouse

#pragma once

#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace meterhouse {

// Runs `work` on a thread that gets the processor only while no other thread of the program wants it (SCHED_IDLE), and
// waits for its end. For long computations beside threads that answer: woken beside a computation of their own rank
// they would wait until its time slice ends, up to 4 ms, and a request is woken several times.
//   work  holds no lock that others wait for and writes no file: while the machine is busy it may stand still for
//         seconds, with what it holds
void run_at_leisure(const std::function<void()>& work);

template <class Work>
auto at_leisure(const Work& work) {
  std::optional<std::invoke_result_t<const Work&>> result;
  run_at_leisure([&] { result.emplace(work()); });
  return std::move(*result);
}

}  // namespace meterhouse

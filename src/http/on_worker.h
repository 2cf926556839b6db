#pragma once

#include <fmt/format.h>

#include "base/result.h"
#include "http/await_callback.h"
#include "http/worker_pool.h"

namespace meterhouse {

// Runs work() -> Result<T> on a worker thread and waits for it on the I/O thread. What is thrown there costs its own
// answer and nothing more.
//   errors  those of the work; unavailable: too many wait for a worker, or it threw
template <class T, class Work>
Task<Result<T>> on_worker(WorkerPool& workers, Work work) {
  const auto start = [&](const auto& done) {
    const bool taken = workers.try_submit([&work, done] {
      Result<T> result = Error{Errc::unavailable, ""};
      try {
        result = work();
      } catch (const std::exception& error) {
        result = Error{Errc::unavailable, fmt::format("an internal error: {}", error.what())};
      }
      done(std::move(result));
    });
    if (!taken) done(Error{Errc::unavailable, "the server is overloaded"});
  };
  co_return co_await await_callback<Result<T>>(start);
}

}  // namespace meterhouse

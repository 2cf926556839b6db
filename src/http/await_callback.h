#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <utility>

#include "http/task.h"

namespace meterhouse {

// Waits, on the I/O thread, for a callback that comes from another thread.
//   start  called at once with a copyable callable done(T), which must be called exactly once, from any thread
template <class T, class Start>
Task<T> await_callback(Start start) {
  const auto initiate = [&start](auto handler) {
    using Handler = decltype(handler);
    struct Waiting {
      Handler handler;
      boost::asio::executor_work_guard<IoExecutor> work;  // keeps the I/O thread running until the answer is there
    };
    const auto executor = boost::asio::get_associated_executor(handler);
    auto waiting = std::make_shared<Waiting>(Waiting{std::move(handler), boost::asio::make_work_guard(executor)});
    start([waiting = std::move(waiting)](T value) {
      const auto io = waiting->work.get_executor();
      boost::asio::post(io, [waiting, value = std::move(value)]() mutable {
        waiting->work.reset();
        std::move(waiting->handler)(std::move(value));
      });
    });
  };
  co_return co_await boost::asio::async_initiate<decltype(kAwait), void(T)>(initiate, kAwait);
}

}  // namespace meterhouse

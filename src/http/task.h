#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace meterhouse {

// Coroutines of this library run on the I/O thread of their connection and on no other: no strands, no locks. The
// executor is named, not type-erased, which saves an allocation an operation.
using IoExecutor = boost::asio::io_context::executor_type;

template <class T>
using Task = boost::asio::awaitable<T, IoExecutor>;

inline constexpr boost::asio::use_awaitable_t<IoExecutor> kAwait{};

}  // namespace meterhouse

#pragma once

#include <optional>
#include <stdexcept>

#include "base/result.h"

namespace meterhouse {

// The value; or the test that called fails here with the error's message (GoogleTest reports the thrown error).
template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(fmt::format("{}: {}", to_string(result.error().code), result.error().message));
  return std::move(*result);
}
inline void must(Status status) {
  if (!status) throw std::runtime_error(fmt::format("{}: {}", to_string(status.error().code), status.error().message));
}

// What went wrong; nullopt: nothing did. For EXPECT_EQ(code_of(call()), Errc::not_found).
template <class T>
std::optional<Errc> code_of(const Result<T>& result) {
  if (result) return std::nullopt;
  return result.error().code;
}

}  // namespace meterhouse

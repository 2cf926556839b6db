#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace meterhouse {

// What kind of failure a caller can act on; the message names the attempt and the object.
enum class Errc {
  invalid_argument,  // the caller's words are wrong; sending them again fails again
  not_found,         // the named object does not exist
  conflict,          // the object exists already, or differs from what the caller holds
  out_of_range,      // a number, instant or size past its bound
  corruption,        // stored bytes fail their checksum or their rules; nothing was answered from them
  io,                // the disk or network failed
  no_space,          // the disk is full; what was acknowledged is kept
  unavailable,       // not now (starting, stopping, overloaded, maintenance); try again later
};

std::string_view to_string(Errc code);

struct Error {
  Errc code;
  std::string message;

  // The same error with what was being attempted in front.
  Error during(std::string_view attempt) const { return {code, fmt::format("{}: {}", attempt, message)}; }
};

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
  Result(Error error) : tl::expected<T, Error>(tl::make_unexpected(std::move(error))) {}
  Result(tl::expected<T, Error> other) : tl::expected<T, Error>(std::move(other)) {}
};

using Status = Result<void>;

}  // namespace meterhouse

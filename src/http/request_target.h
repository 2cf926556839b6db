#pragma once

#include <string_view>
#include <vector>

#include "http/message.h"

namespace meterhouse {

// "%41b" -> "Ab"; `+` stays unless plus_is_space. refusals  400: a broken escape, or an escaped NUL
OrRefusal<std::string> percent_decode(std::string_view text, bool plus_is_space);

// "a=1&b=x%20y&c" -> (a, 1) (b, "x y") (c, ""). refusals  400: as percent_decode; more than kMaxQueryParameters
OrRefusal<std::vector<Parameter>> parse_query(std::string_view query);

inline constexpr std::size_t kMaxQueryParameters = 64;

// The parts of a request target in origin form or absolute form.
struct TargetParts {
  std::string_view authority;  // absolute form only: host[:port]
  std::string_view path;
  std::string_view query;
};
// refusals  400: neither of the two forms (`*` counts as a path, for OPTIONS)
OrRefusal<TargetParts> split_target(std::string_view target);

}  // namespace meterhouse

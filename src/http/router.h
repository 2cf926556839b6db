#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace meterhouse {

// "/api/v1/meters/{meter_id}/latest": a segment in braces takes any one segment, decoded, as the parameter of that
// name.
struct RoutePattern {
  Method method;
  std::string_view path;
};

// Finds the route of a request in a table, in the table's order (so the busiest come first). HEAD is taken by GET.
class Router {
 public:
  explicit Router(std::vector<RoutePattern> patterns) : patterns_(std::move(patterns)) {}

  struct Match {
    enum class Kind { found, no_such_path, no_such_method } kind = Kind::no_such_path;
    std::size_t index = 0;  // found: in the table
    std::string allow;      // no_such_method: the path's methods, for the Allow header
  };
  // Fills request.path_parameters where found.
  Match match(Request& request) const;

 private:
  std::vector<RoutePattern> patterns_;
};

}  // namespace meterhouse

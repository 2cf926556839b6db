#pragma once

#include <boost/json/value.hpp>
#include <string_view>

#include "base/result.h"

namespace meterhouse {

// A request's body that must be JSON. errors  invalid_argument: empty, or no JSON
Result<boost::json::value> parse_json_body(std::string_view body);

}  // namespace meterhouse

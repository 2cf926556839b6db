#include "http/json_body.h"

#include <boost/json/parse.hpp>

namespace meterhouse {

Result<boost::json::value> parse_json_body(std::string_view body) {
  if (body.empty()) return Error{Errc::invalid_argument, "the body is empty"};
  boost::system::error_code error;
  auto value = boost::json::parse({body.data(), body.size()}, error);
  if (error) return Error{Errc::invalid_argument, fmt::format("the body is not JSON: {}", error.message())};
  return value;
}

}  // namespace meterhouse

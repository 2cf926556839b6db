#pragma once

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace meterhouse::cli {

// A member of a server's answer; where it is missing or of another kind: an empty text, 0, an empty list.
std::string text_at(const boost::json::value& value, std::string_view name);
std::uint64_t count_at(const boost::json::value& value, std::string_view name);
const boost::json::array& list_at(const boost::json::value& value, std::string_view name);

}  // namespace meterhouse::cli

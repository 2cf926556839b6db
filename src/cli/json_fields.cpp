#include "cli/json_fields.h"

#include <boost/json.hpp>

namespace meterhouse::cli {

namespace json = boost::json;

std::string text_at(const json::value& value, std::string_view name) {
  const auto* object = value.if_object();
  const auto* found = object != nullptr ? object->if_contains(name) : nullptr;
  const auto* text = found != nullptr ? found->if_string() : nullptr;
  return text != nullptr ? std::string{text->begin(), text->end()} : std::string{};
}

std::uint64_t count_at(const json::value& value, std::string_view name) {
  const auto* object = value.if_object();
  const auto* found = object != nullptr ? object->if_contains(name) : nullptr;
  if (found == nullptr || !found->is_number()) return 0;
  boost::system::error_code error;
  const auto count = found->to_number<std::uint64_t>(error);
  return error ? 0 : count;
}

const json::array& list_at(const json::value& value, std::string_view name) {
  static const json::array kNone;
  const auto* object = value.if_object();
  const auto* found = object != nullptr ? object->if_contains(name) : nullptr;
  const auto* list = found != nullptr ? found->if_array() : nullptr;
  return list != nullptr ? *list : kNone;
}

}  // namespace meterhouse::cli

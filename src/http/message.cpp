#include "http/message.h"

#include <algorithm>
#include <array>

namespace meterhouse {

namespace {

constexpr std::array<std::string_view, 8> kMethodNames = {"GET",   "HEAD",   "POST",    "PUT",
                                                          "PATCH", "DELETE", "OPTIONS", ""};

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

}  // namespace

std::string_view to_string(Method method) { return kMethodNames[static_cast<std::size_t>(method)]; }

Method parse_method(std::string_view text) {
  const auto found = std::ranges::find(kMethodNames, text);
  return found == kMethodNames.end() ? Method::other : static_cast<Method>(found - kMethodNames.begin());
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view Request::header(std::string_view name) const {
  for (const HeaderField& field : headers)
    if (equal_ignoring_case(field.name, name)) return field.value;
  return {};
}

std::string_view Request::path_parameter(std::string_view name) const {
  const auto found = std::ranges::find(path_parameters, name, &Parameter::name);
  return found == path_parameters.end() ? std::string_view{} : std::string_view{found->value};
}

std::optional<std::string_view> Request::query_parameter(std::string_view name) const {
  const auto found = std::ranges::find(query_parameters, name, &Parameter::name);
  if (found == query_parameters.end()) return std::nullopt;
  return std::string_view{found->value};
}

Response json_response(int status, std::string body) {
  Response response;
  response.status = status;
  response.content_type = kJson;
  response.body = std::move(body);
  return response;
}

Task<OrRefusal<std::string_view>> read_whole(BodyReader& body, std::string& storage, BudgetShare& share) {
  storage.clear();
  for (;;) {
    const auto piece = co_await body.next();
    if (!piece) co_return tl::make_unexpected(piece.error());
    if (storage.empty() && body.ended()) co_return *piece;
    if (!share.grow(piece->size())) co_return refusal(503, "the server holds too many bodies at once");
    storage.append(*piece);
    if (piece->empty() || body.ended()) co_return storage;
  }
}

}  // namespace meterhouse

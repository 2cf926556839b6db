#include "http/router.h"

#include "http/request_target.h"

namespace meterhouse {

namespace {

std::string_view take_segment(std::string_view& path) {
  const std::size_t end = path.find('/');
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
  return segment;
}

bool matches(std::string_view pattern, std::string_view path, std::vector<Parameter>& parameters) {
  if (pattern == path) return true;
  if (pattern.find('{') == std::string_view::npos) return false;
  parameters.clear();
  for (;;) {
    const bool last_of_pattern = pattern.find('/') == std::string_view::npos;
    const bool last_of_path = path.find('/') == std::string_view::npos;
    const std::string_view wanted = take_segment(pattern);
    const std::string_view given = take_segment(path);
    if (wanted.starts_with('{')) {
      auto value = percent_decode(given, false);
      if (!value || value->empty()) return false;
      parameters.push_back({std::string{wanted.substr(1, wanted.size() - 2)}, std::move(*value)});
    } else if (wanted != given) {
      return false;
    }
    if (last_of_pattern || last_of_path) return last_of_pattern && last_of_path;
  }
}

}  // namespace

Router::Match Router::match(Request& request) const {
  const Method method = request.method == Method::head ? Method::get : request.method;
  Match match;
  std::vector<Parameter> parameters;
  for (std::size_t i = 0; i < patterns_.size(); ++i) {
    if (!matches(patterns_[i].path, request.path, parameters)) continue;
    if (patterns_[i].method == method) {
      request.path_parameters = std::move(parameters);
      match.kind = Match::Kind::found;
      match.index = i;
      match.allow.clear();
      return match;
    }
    match.kind = Match::Kind::no_such_method;
    if (!match.allow.empty()) match.allow += ", ";
    match.allow += to_string(patterns_[i].method);
    if (patterns_[i].method == Method::get) match.allow += ", HEAD";
    parameters.clear();
  }
  return match;
}

}  // namespace meterhouse

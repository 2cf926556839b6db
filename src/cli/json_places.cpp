#include "cli/json_places.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

namespace meterhouse::cli {
namespace {

std::string join(const std::string& path, const std::string& name) { return path.empty() ? name : path + "." + name; }

}  // namespace

std::size_t line_at(std::string_view text, std::size_t offset) {
  return static_cast<std::size_t>(std::ranges::count(text.substr(0, offset), '\n')) + 1;
}

JsonPlaces::JsonPlaces(std::string_view json) : text_(json) { value(""); }

std::optional<std::size_t> JsonPlaces::line_of(const std::string& path) const {
  const auto found = lines_.find(path);
  return found == lines_.end() ? std::nullopt : std::optional{found->second};
}

void JsonPlaces::value(const std::string& path) {
  skip_space();
  lines_.try_emplace(path, line_);
  if (at('{')) return object(path);
  if (at('[')) return array(path);
  if (offset_ < text_.size() && text_[offset_] == '"') {
    string();
    return;
  }
  while (offset_ < text_.size() && std::string_view{",]} \t\r\n"}.find(text_[offset_]) == std::string_view::npos)
    ++offset_;
}

void JsonPlaces::object(const std::string& path) {
  for (;;) {
    skip_space();
    if (offset_ >= text_.size() || at('}')) return;
    if (at(',') || at(':')) continue;
    const std::size_t line = line_;
    const auto member = join(path, string());
    if (!lines_.try_emplace(member, line).second && !twice_) twice_ = Twice{member, line};
    skip_space();
    at(':');
    value(member);
  }
}

void JsonPlaces::array(const std::string& path) {
  for (std::size_t index = 0;;) {
    skip_space();
    if (offset_ >= text_.size() || at(']')) return;
    if (at(',')) continue;
    value(fmt::format("{}[{}]", path, index++));
  }
}

std::string JsonPlaces::string() {
  const std::size_t begin = offset_;
  at('"');
  bool escaped = false;
  while (offset_ < text_.size() && text_[offset_] != '"') {
    escaped |= text_[offset_] == '\\';
    offset_ += text_[offset_] == '\\' ? 2 : 1;
  }
  at('"');
  const auto quoted = text_.substr(begin, offset_ - begin);
  if (!escaped) return std::string{quoted.substr(1, quoted.size() - 2)};
  boost::system::error_code error;
  const auto parsed = boost::json::parse({quoted.data(), quoted.size()}, error);
  return error || !parsed.is_string() ? std::string{quoted} : std::string{parsed.get_string()};
}

void JsonPlaces::skip_space() {
  while (offset_ < text_.size() && std::string_view{" \t\r\n"}.find(text_[offset_]) != std::string_view::npos)
    if (text_[offset_++] == '\n') ++line_;
}

bool JsonPlaces::at(char c) {
  if (offset_ >= text_.size() || text_[offset_] != c) return false;
  ++offset_;
  return true;
}

}  // namespace meterhouse::cli

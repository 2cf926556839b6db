#include "cli/json_places.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

namespace meterhouse::cli {
namespace {

// How many bytes the character at the front takes; 0: it is no UTF-8. The table of RFC 3629, section 4.
std::size_t character_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto within = [&](std::size_t i, unsigned from, unsigned to) { return byte(i) >= from && byte(i) <= to; };
  const auto tail = [&](std::size_t i) { return within(i, 0x80, 0xBF); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool second = within(1, lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF);
    return second && tail(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool second = within(1, lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF);
    return second && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

std::string join(const std::string& path, const std::string& name) { return path.empty() ? name : path + "." + name; }

}  // namespace

std::size_t line_at(std::string_view text, std::size_t offset) {
  return static_cast<std::size_t>(std::ranges::count(text.substr(0, offset), '\n')) + 1;
}

std::optional<std::size_t> first_not_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = character_bytes(text.substr(at));
    if (size == 0) return at;
    at += size;
  }
  return std::nullopt;
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

#include "formats/json_row.h"

#include <algorithm>
#include <cstring>

#include "base/ascii.h"
#include "base/utf8.h"

namespace meterhouse {
namespace {

namespace ondemand = simdjson::ondemand;
using Kind = FieldText::Kind;

constexpr std::size_t kMaxShownName = 40;

std::string_view without_space_behind(std::string_view token) {
  while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ') token.remove_suffix(1);
  return token;
}

std::size_t skip_digits(std::string_view text, std::size_t i) {
  while (i < text.size() && is_digit(text[i])) ++i;
  return i;
}

// RFC 8259 section 6.
bool is_json_number(std::string_view text) {
  std::size_t i = text.starts_with('-') ? 1 : 0;
  const std::size_t whole = i;
  i = skip_digits(text, i);
  if (i == whole || (text[whole] == '0' && i > whole + 1)) return false;
  if (i < text.size() && text[i] == '.') {
    const std::size_t fraction = ++i;
    i = skip_digits(text, i);
    if (i == fraction) return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    const std::size_t exponent = i;
    i = skip_digits(text, i);
    if (i == exponent) return false;
  }
  return i == text.size();
}

// At most kMaxShownName bytes, whole UTF-8 characters.
std::string_view shown_name(std::string_view name) {
  if (name.size() <= kMaxShownName) return name;
  std::size_t size = kMaxShownName;
  while (size > 0 && (static_cast<unsigned char>(name[size]) & 0xC0) == 0x80) --size;
  return name.substr(0, size);
}

// `name` ends in the quote that ends the key. Reading past a shorter key stays within the padding.
template <std::size_t N>
bool is(ondemand::raw_json_string key, const char (&name)[N]) {
  return std::memcmp(key.raw(), name, N - 1) == 0;
}

std::string key_text(ondemand::raw_json_string key) {
  const char* const start = key.raw();
  const char* end = start;
  while (*end != '"') end += *end == '\\' ? 2 : 1;
  return std::string{start, end};
}

// Just behind the string that begins at text[start], a quote.
std::size_t string_end(std::string_view text, std::size_t start) {
  std::size_t i = start + 1;
  while (i < text.size() && text[i] != '"') i += text[i] == '\\' ? 2 : 1;
  return std::min(i + 1, text.size());
}

}  // namespace

std::string_view field_that_is_no_utf8(std::string_view object) {
  const std::size_t wrong = first_not_utf8(object).value_or(object.size());
  std::string_view name;  // of the field that has begun
  std::string_view text;  // the last string of the object itself
  int depth = 0;
  for (std::size_t i = 0; i < wrong;) {
    const char c = object[i];
    const std::size_t next = c == '"' ? string_end(object, i) : i + 1;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (depth == 1 && c == '"' && next <= wrong) text = object.substr(i + 1, next - i - 2);
    if (depth == 1 && c == ':') name = text;
    if (depth == 1 && c == ',') name = {};
    i = next;
  }
  return shown_name(name);
}

bool at_end(ondemand::document& document) {
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;  // 3.0 has no other word for it
}

bool JsonRowWalker::broken(std::string_view reason) {
  broken_reason_ = reason;
  return false;
}

void JsonRowWalker::fault(std::string_view field, std::string_view reason) {
  if (!fault_reason_.empty()) return;
  fault_field_ = shown_name(field);
  fault_reason_ = reason;
}

JsonRowWalker::Outcome JsonRowWalker::walk(ondemand::object object) {
  fields_ = {};
  fault_reason_ = {};
  broken_reason_ = {};
  for (auto item : object) {
    ondemand::field field;
    if (const auto error = std::move(item).get(field)) {
      broken(simdjson::error_message(error));
      return Outcome::broken;
    }
    if (take_field(field)) continue;
    if (!too_deep()) return Outcome::broken;
    fault(key_text(field.key()), kTooDeep);
    return Outcome::left;
  }
  return fault_reason_.empty() ? Outcome::row : Outcome::rejected;
}

bool JsonRowWalker::take_field(ondemand::field& field) {
  FieldText* const place = place_of(field.key());
  if (place == nullptr) {
    if (unknown_fields_ == UnknownFields::ignore) return walk_value(field.value(), 1);
    fault(key_text(field.key()), "is an unknown field");
  } else if (place->kind != Kind::absent && names_ == RowNames::v1) {
    fault(key_text(field.key()), "is given twice");
  }
  const auto text = text_of(field.value());
  if (!text) return false;
  if (!value_fault_.empty()) fault(key_text(field.key()), value_fault_);
  if (place != nullptr) *place = *text;
  return true;
}

FieldText* JsonRowWalker::place_of(ondemand::raw_json_string key) {
  if (is(key, "meter_id\"")) return &fields_.meter_id;
  if (names_ == RowNames::v1) {
    if (is(key, "at\"")) return fields_.at_name = "at", &fields_.at;
    if (is(key, "register\"")) return fields_.register_name = "register", &fields_.register_value;
    if (is(key, "channel\"")) return &fields_.channel;
  }
  if (is(key, "timestamp\"")) return fields_.at_name = "timestamp", &fields_.at;
  if (is(key, "reading\"")) return fields_.register_name = "reading", &fields_.register_value;
  return nullptr;
}

std::optional<FieldText> JsonRowWalker::text_of(ondemand::value& value) {
  value_fault_ = {};
  const std::string_view token = without_space_behind(value.raw_json_token());
  const char first = token.empty() ? ',' : token.front();
  if (first == '"') return string_text(value, token);
  if (first == '{' || first == '[') {
    if (!walk_value(value, 1)) return std::nullopt;
    return FieldText{Kind::other, {}};
  }
  if (first == ',' || first == ':' || first == ']' || first == '}') {
    broken("a value is missing");
    return std::nullopt;
  }
  if (token == "null") return FieldText{Kind::null, {}};
  if (token == "true" || token == "false") return FieldText{Kind::other, {}};
  if (is_json_number(token)) return FieldText{Kind::number, token};
  value_fault_ = "is not a JSON value";
  return FieldText{Kind::other, {}};
}

FieldText JsonRowWalker::string_text(ondemand::value& value, std::string_view token) {
  const std::string_view inner = token.substr(1, token.size() - 2);
  if (inner.find('\\') == std::string_view::npos) {
    ondemand::raw_json_string consumed;
    if (value.get_raw_json_string().get(consumed) != simdjson::SUCCESS) value_fault_ = "is not a JSON string";
    return {Kind::string, inner};
  }
  std::string_view unescaped;
  if (value.get_string().get(unescaped) != simdjson::SUCCESS) value_fault_ = "has a bad escape";
  return {Kind::string, unescaped};
}

bool JsonRowWalker::walk_value(ondemand::value value, int depth) {
  if (depth > kMaxJsonDepth) return broken(kTooDeep);
  const std::string_view token = value.raw_json_token();
  if (token.starts_with('{')) {
    ondemand::object object;
    if (const auto error = value.get_object().get(object)) return broken(simdjson::error_message(error));
    for (auto item : object) {
      ondemand::field field;
      if (const auto error = std::move(item).get(field)) return broken(simdjson::error_message(error));
      if (!walk_value(field.value(), depth + 1)) return false;
    }
    return true;
  }
  if (token.starts_with('[')) {
    ondemand::array array;
    if (const auto error = value.get_array().get(array)) return broken(simdjson::error_message(error));
    for (auto item : array) {
      ondemand::value element;
      if (const auto error = std::move(item).get(element)) return broken(simdjson::error_message(error));
      if (!walk_value(element, depth + 1)) return false;
    }
    return true;
  }
  if (!text_of(value)) return false;
  return value_fault_.empty() || broken(value_fault_);
}

}  // namespace meterhouse

#include "http/json_writer.h"

#include <array>
#include <charconv>

#include "base/check.h"
#include "base/utf8.h"

namespace meterhouse {

namespace {

bool plain(char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; }

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    std::size_t run = 0;
    while (run < text.size() && plain(text[run])) ++run;
    out.append(text.substr(0, run));
    text.remove_prefix(run);
    if (text.empty()) break;
    const char c = text.front();
    if (c == '"' || c == '\\') {
      out.append({'\\', c});
      text.remove_prefix(1);
    } else if (c == '\n') {
      out.append("\\n");
      text.remove_prefix(1);
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
      text.remove_prefix(1);
    } else {
      const std::size_t length = utf8_length(text);
      out.append(length == 0 ? std::string_view{"\xEF\xBF\xBD"} : text.substr(0, length));
      text.remove_prefix(length == 0 ? 1 : length);
    }
  }
  out += '"';
}

void JsonWriter::before_value() {
  if (!first_ && !open_.empty() && open_.back() == ']') out_ += ',';
  first_ = false;
}

JsonWriter& JsonWriter::object() {
  before_value();
  out_ += '{';
  open_ += '}';
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::array() {
  before_value();
  out_ += '[';
  open_ += ']';
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::end() {
  MH_CHECK(!open_.empty());
  out_ += open_.back();
  open_.pop_back();
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  MH_CHECK(!open_.empty() && open_.back() == '}');
  if (!first_) out_ += ',';
  first_ = false;
  append_json_string(out_, name);
  out_ += ':';
  return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) {
  before_value();
  append_json_string(out_, value);
  return *this;
}

JsonWriter& JsonWriter::number(std::int64_t value) { return raw(fmt::format_int{value}.c_str()); }
JsonWriter& JsonWriter::number(std::uint64_t value) { return raw(fmt::format_int{value}.c_str()); }

JsonWriter& JsonWriter::kwh(MilliWattHours value) {
  before_value();
  append_kwh(out_, value);
  return *this;
}

JsonWriter& JsonWriter::boolean(bool value) { return raw(value ? "true" : "false"); }
JsonWriter& JsonWriter::null() { return raw("null"); }

JsonWriter& JsonWriter::raw(std::string_view json) {
  before_value();
  out_.append(json);
  return *this;
}

}  // namespace meterhouse

#include "formats/plain_row.h"

#include <cstring>

#include "formats/word_scan.h"

namespace meterhouse {
namespace {

using Kind = FieldText::Kind;

// At the first of: a quote, a backslash, a control character, a byte that is not ASCII.
const char* skip_plain(const char* p) {
  return scan_words(p, [](std::uint64_t word) {
    return bytes_equal(word, '"') | bytes_equal(word, '\\') | bytes_below(word, ' ') | (word & each_byte(0x80));
  });
}

const char* skip_blank(const char* p) {
  while (*p == ' ' || *p == '\t') ++p;
  return p;
}

const char* skip_digits(const char* p) {
  while (*p >= '0' && *p <= '9') ++p;
  return p;
}

// `name` ends in the quote that closes the key.
template <std::size_t N>
bool starts_with(const char* p, const char (&name)[N]) {
  return std::memcmp(p, name, N - 1) == 0;
}

// A field's place, and the position behind its name; nullptr: not a known name.
struct Name {
  FieldText* place = nullptr;
  const char* behind = nullptr;
};

Name name_at(const char* p, RowNames names, RowFields& fields) {
  if (starts_with(p, "meter_id\"")) return {&fields.meter_id, p + 9};
  if (names == RowNames::v1) {
    if (starts_with(p, "at\"")) return {&fields.at, p + 3};
    if (starts_with(p, "register\"")) return {&fields.register_value, p + 9};
    if (starts_with(p, "channel\"")) return {&fields.channel, p + 8};
  }
  if (starts_with(p, "timestamp\"")) return fields.at_name = "timestamp", Name{&fields.at, p + 10};
  if (starts_with(p, "reading\"")) return fields.register_name = "reading", Name{&fields.register_value, p + 8};
  return {};
}

FieldText text_between(Kind kind, const char* from, const char* to) {
  return {kind, {from, static_cast<std::size_t>(to - from)}};
}

// Behind the value, or nullptr.
const char* take_value(const char* p, FieldText& field) {
  if (*p == '"') {
    const char* const end = skip_plain(p + 1);
    if (*end != '"') return nullptr;
    field = text_between(Kind::string, p + 1, end);
    return end + 1;
  }
  const char* const whole = skip_digits(p);
  if (whole == p || (*p == '0' && whole != p + 1)) return nullptr;
  const char* end = whole;
  if (*whole == '.') {
    end = skip_digits(whole + 1);
    if (end == whole + 1) return nullptr;
  }
  field = text_between(Kind::number, p, end);
  return end;
}

}  // namespace

std::size_t read_plain_row(const char* text, RowNames names, RowFields& fields) {
  if (*text != '{') return 0;
  fields = {};
  const char* p = text;
  do {
    p = skip_blank(p + 1);  // the brace or the comma
    if (*p != '"') return 0;
    const auto [place, behind] = name_at(p + 1, names, fields);
    if (place == nullptr || place->kind != Kind::absent) return 0;
    p = skip_blank(behind);
    if (*p != ':') return 0;
    p = take_value(skip_blank(p + 1), *place);
    if (p == nullptr) return 0;
    p = skip_blank(p);
  } while (*p == ',');
  if (*p != '}') return 0;
  return static_cast<std::size_t>(p + 1 - text);
}

}  // namespace meterhouse

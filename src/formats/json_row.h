#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "formats/row_decoder.h"

namespace meterhouse {

// The field under which the first byte of the object stands that is not UTF-8; empty where it is under none, as in a
// name.
std::string_view field_that_is_no_utf8(std::string_view object);

// Whether the document's last value was walked to its end and nothing stands behind it.
bool at_end(simdjson::ondemand::document& document);

// simdjson's on-demand parser believes what it does not look at: behind the wanted fields it lets "z":tru, [1,2,} and a
// second "at" pass. So every field is walked, every value looked at. What is wrong inside a value (NaN, a bad escape,
// an object where a number belongs) spoils its row; so does nesting deeper than kMaxJsonDepth, behind which the row is
// not walked on. What breaks the nesting or the punctuation spoils the document, as nobody can say where the next row
// would start.
//   threads  one at a time
class JsonRowWalker {
 public:
  JsonRowWalker(RowNames names, UnknownFields unknown_fields) : names_(names), unknown_fields_(unknown_fields) {}

  enum class Outcome : std::uint8_t { row, rejected, left, broken };

  // Walks one object to its closing brace. row: fields() has it; rejected: reject_to() says why, as for left, where it
  // was not walked to its end; broken: broken_reason() does.
  Outcome walk(simdjson::ondemand::object object);

  // Views into the document and its parser: until the next document.
  const RowFields& fields() const { return fields_; }
  void reject_to(std::uint64_t row, ParsedRows& out) const { out.reject(row, fault_field_, fault_reason_); }
  std::string_view broken_reason() const { return broken_reason_; }

  // Walks any value. false: broken as above, or too_deep(). Values that are no JSON inside (tru) count as broken here.
  bool walk_value(simdjson::ondemand::value value, int depth);
  bool too_deep() const { return broken_reason_ == kTooDeep; }

  // The text of a string, number or null; other for the rest. nullopt: broken.
  std::optional<FieldText> text_of(simdjson::ondemand::value& value);
  // Whether the value that text_of() looked at last is no JSON inside.
  bool value_is_faulty() const { return !value_fault_.empty(); }

 private:
  static constexpr std::string_view kTooDeep = "values are nested too deeply";

  bool take_field(simdjson::ondemand::field& field);
  FieldText* place_of(simdjson::ondemand::raw_json_string key);
  FieldText string_text(simdjson::ondemand::value& value, std::string_view token);
  bool broken(std::string_view reason);
  void fault(std::string_view field, std::string_view reason);

  RowNames names_;
  UnknownFields unknown_fields_;
  RowFields fields_;
  std::string_view value_fault_;  // of the last text_of: why the value is none; empty: it is one
  std::string fault_field_;       // the row's first fault
  std::string_view fault_reason_;
  std::string_view broken_reason_;
};

}  // namespace meterhouse

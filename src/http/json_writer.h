#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/energy.h"

namespace meterhouse {

// Text as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD, so that the answer is JSON whatever a
// client wrote into its request.
void append_json_string(std::string& out, std::string_view text);

// Writes one JSON document from left to right; commas come by themselves. The caller closes what it opens.
//   JsonWriter json; json.object().key("meter_id").text("100000001").key("total").kwh(total).end(); json.take()
class JsonWriter {
 public:
  JsonWriter& object();
  JsonWriter& array();
  JsonWriter& end();  // of the innermost object or array
  JsonWriter& key(std::string_view name);

  JsonWriter& text(std::string_view value);
  JsonWriter& number(std::int64_t value);
  JsonWriter& number(std::uint64_t value);
  JsonWriter& kwh(MilliWattHours value);  // the exact decimal
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  JsonWriter& raw(std::string_view json);  // a value that is JSON already

  std::string take() { return std::move(out_); }

 private:
  void before_value();
  std::string out_;
  std::string open_;  // the closing characters of what is open
  bool first_ = true;
};

}  // namespace meterhouse

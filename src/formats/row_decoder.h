#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <string_view>

#include "formats/instant_text.h"
#include "formats/reading_rows.h"

namespace meterhouse {

// One value of a row as it was written, quotes and escapes taken off.
struct FieldText {
  enum class Kind : std::uint8_t { absent, null, string, number, other };
  Kind kind = Kind::absent;
  std::string_view text;  // of a string or number

  bool given() const { return kind != Kind::absent && kind != Kind::null; }
};

struct RowFields {
  FieldText meter_id;
  FieldText at;
  FieldText register_value;
  FieldText channel;
  std::string_view at_name = "at";  // the name the row used
  std::string_view register_name = "register";
};

// What is wrong with a field. `field` is one of the names above, `reason` a literal.
struct FieldFault {
  std::string_view field;
  std::string_view reason;
};

// Each of these takes the text of a row as it stands; empty fault.reason: all is well.
FieldFault decode_meter(const FieldText& field, std::uint32_t& meter);
FieldFault decode_register(const FieldText& field, std::string_view name, MilliWattHours& value);
FieldFault decode_channel(const FieldText& field, Channel& channel);

// The text of a row's fields -> a reading or the reason why not. Keeps what the rule for ambiguous local times needs.
class RowDecoder {
 public:
  explicit RowDecoder(const RowContext& context);

  // Adds the reading to `out`, or the reject.
  void decode(std::uint64_t row, const RowFields& fields, ParsedRows& out);
  void set_latest_allowed(Instant latest) { latest_allowed_ = latest; }

 private:
  FieldFault decode_instant(const RowFields& fields, SeriesKey key, Instant& at);
  FieldFault check_instant(Instant at, std::string_view name) const;
  void remember(SeriesKey key, Instant at);

  InstantReader instants_;
  Instant latest_allowed_;
  bool site_repeats_hours_;
  boost::unordered_flat_map<std::uint32_t, std::uint32_t> newest_;  // by channel; filled where the site repeats hours
};

}  // namespace meterhouse

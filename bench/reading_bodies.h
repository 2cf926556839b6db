#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace meterhouse::bench {

inline constexpr Instant kBeforeAll = instant_from_epoch(1'000'000'800);  // in 2001, on a half-hour

enum class BodyForm : std::uint8_t { json, ndjson, csv, packed };
std::string_view media_type(BodyForm form);

// A whole request POST /api/v1/readings with one reading of each of `count` meters at an instant. It is laid out once;
// next() only writes over the instants and registers, so that making it costs the machine next to nothing.
class BulkRequest {
 public:
  // before  half an hour before the instant of the first one
  BulkRequest(BodyForm form, std::uint32_t first_meter, std::uint32_t count, std::uint16_t port,
              Instant before = kBeforeAll);

  // The same meters half an hour later, in `out` (which may be an earlier request of this object).
  void next(std::string& out);

 private:
  void append_row(std::uint32_t meter);
  void write_row(char* row, std::uint32_t index) const;

  BodyForm form_;
  std::uint32_t count_;
  std::string text_;
  std::size_t rows_at_ = 0;  // of the first row
  std::size_t row_size_ = 0;
  std::size_t instant_at_ = 0;  // within a row
  std::size_t register_at_ = 0;
  Instant at_;
  std::vector<std::uint32_t> centi_kwh_;  // a register each
};

// POST /meter/reading, one reading.
class SingleRequest {
 public:
  SingleRequest(std::uint32_t first_meter, std::uint32_t count, std::uint16_t port);
  void next(std::string& out);

 private:
  std::uint32_t first_meter_;
  std::uint32_t count_;
  std::uint32_t turn_ = 0;
  std::string head_;
  Instant at_;
  std::uint32_t centi_kwh_ = 1'000'000;
};

std::string get_request(std::string_view target, std::uint16_t port);

}  // namespace meterhouse::bench

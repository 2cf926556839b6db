#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace meterhouse {

inline constexpr std::int64_t kLongestMaintenance = 24 * 3'600;  // seconds
inline constexpr std::size_t kMaxReasonBytes = 200;

// The body of POST /api/v1/maintenance.
struct MaintenanceRequest {
  Seconds duration;        // 0..kLongestMaintenance
  std::string reason;      // at most kMaxReasonBytes
  bool daily_job = false;  // whether the daily job is run in it
};

// {"duration_s","reason","daily_job"}, each optional; an empty body is an object without any.
//   otherwise  the duration where none is given
//   errors     invalid_argument: no JSON object of known fields with values of their kind; the message names the field
Result<MaintenanceRequest> parse_maintenance(std::string_view body, Seconds otherwise);

}  // namespace meterhouse

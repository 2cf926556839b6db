#include "http/maintenance_request.h"

#include "http/json_body.h"

namespace meterhouse {

Result<MaintenanceRequest> parse_maintenance(std::string_view body, Seconds otherwise) {
  MaintenanceRequest wanted{.duration = otherwise, .reason = {}};
  if (body.empty()) return wanted;
  const auto value = parse_json_body(body);
  if (!value) return value.error();
  if (!value->is_object()) return Error{Errc::invalid_argument, "the body is not a JSON object"};
  for (const auto& member : value->get_object()) {
    const std::string_view name{member.key().data(), member.key().size()};
    const auto& given = member.value();
    if (name == "duration_s") {
      if (!given.is_int64() || given.get_int64() < 0 || given.get_int64() > kLongestMaintenance)
        return Error{Errc::invalid_argument,
                     fmt::format("duration_s: a whole number from 0 to {} is wanted here", kLongestMaintenance)};
      wanted.duration = Seconds{given.get_int64()};
    } else if (name == "reason") {
      if (!given.is_string() || given.get_string().size() > kMaxReasonBytes)
        return Error{Errc::invalid_argument, fmt::format("reason: a text of at most {} bytes", kMaxReasonBytes)};
      wanted.reason.assign(given.get_string().data(), given.get_string().size());
    } else if (name == "daily_job") {
      if (!given.is_bool()) return Error{Errc::invalid_argument, "daily_job: true or false is wanted here"};
      wanted.daily_job = given.get_bool();
    } else {
      return Error{Errc::invalid_argument, fmt::format("{:.40}: there is no such field", name)};
    }
  }
  return wanted;
}

}  // namespace meterhouse

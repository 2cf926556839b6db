#pragma once

#include <string_view>

namespace meterhouse::event_type {

// What kinds of events there are. The first eight are those of the first system, which /get_logs still tells.
inline constexpr std::string_view kSystem = "system";              // started, stopped, recovered; events dropped
inline constexpr std::string_view kRegistration = "registration";  // a meter registered or changed
inline constexpr std::string_view kRegistrationError = "registration_error";  // a registration refused
inline constexpr std::string_view kMeterReading = "meter_reading";  // what came of the readings of about a second
inline constexpr std::string_view kDailyJobs = "daily_jobs";        // a run of a job and its steps, whichever job it is
inline constexpr std::string_view kBackgroundWorker = "background_worker";  // folds, merges, pending readings applied
inline constexpr std::string_view kQueryError = "query_error";              // a query refused or failed
inline constexpr std::string_view kError = "error";                         // something failed that should not
inline constexpr std::string_view kMaintenance = "maintenance";             // entered, ended
inline constexpr std::string_view kBackup = "backup";                       // made, verified, pruned, restored, drilled

inline constexpr std::string_view kAll[] = {
    kSystem,     kRegistration, kRegistrationError, kMeterReading, kDailyJobs, kBackgroundWorker,
    kQueryError, kError,        kMaintenance,       kBackup};

}  // namespace meterhouse::event_type

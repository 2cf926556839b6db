#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/site_calendar.h"
#include "model/meter.h"
#include "model/reading.h"
#include "service/unregistered.h"
#include "usage/consumption.h"

namespace meterhouse::cli {

struct ConsumptionRow {
  TimeRange range;
  std::optional<MilliWattHours> energy;
  std::string quality;
  Completeness completeness;  // without the estimated energy, which v1 tells of the total alone
};

// Where an export reads: a server or a data directory. One thread.
class ExportSource {
 public:
  virtual ~ExportSource() = default;

  virtual const SiteCalendar& calendar() const = 0;

  using VisitMeter = std::function<Status(MeterId)>;
  // All registered ones, ascending. A failed visit ends the walk with its error.
  virtual Status for_each_meter(const VisitMeter& visit) = 0;

  using VisitReadings = std::function<Status(const std::vector<Reading>&)>;
  // The channel's readings in the range, ascending, in pieces. Nothing for one that has none. errors also: not_found.
  virtual Status readings(SeriesKey key, TimeRange range, const VisitReadings& visit) = 0;

  // The registered meter's consumption in the range by steps, as UsageQueries::consumption answers it: also of a
  // channel without a reading. errors also: not_found.
  virtual Result<std::vector<ConsumptionRow>> consumption(SeriesKey key, TimeRange range, Step step) = 0;

  // Whether the registered meter's channel ever had a reading.
  virtual Result<bool> has_readings(SeriesKey key) = 0;

  // Meters that an export of all left out although they have readings: the catalog lacks them. A server tells that at
  // its start, and has none to name.
  virtual Result<UnregisteredMeters> left_out() = 0;

  virtual Status finish() = 0;
};

// errors  those of ServerApi::connect and of DataDirectory::open_existing
Result<std::unique_ptr<ExportSource>> export_from_server(const std::string& url);
Result<std::unique_ptr<ExportSource>> export_from_data(const std::string& directory, const std::string& config);

}  // namespace meterhouse::cli

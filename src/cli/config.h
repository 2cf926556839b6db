#pragma once

#include <date/date.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "model/site.h"
#include "service/backup/journal_shipper.h"

namespace meterhouse::cli {

// What the configuration says of the server itself.
struct ServerSettings {
  std::vector<std::string> allowed_hosts;  // beside the loopback names and the address listened on
  std::size_t bulk_records_max = 100'000;
  std::uint64_t head_budget_mb = 256;
  int io_threads = 2;
  int worker_threads = 4;
  std::size_t connections_max = 10'000;
  std::optional<Seconds> daily_job_at = std::chrono::minutes{10};  // since local midnight; nullopt: by hand alone
  std::int64_t maintenance_seconds = 60;
  std::int64_t retention_days = 0;  // 0: readings are kept for ever
  ShippingMode journal_shipping = ShippingMode::off;
  bool daily_backup = true;
  std::size_t backups_kept = 14;                   // 0: all
  std::optional<date::weekday> weekly_drill = {};  // in the daily job's run of that day; nullopt: never
  std::int64_t event_retention_days = 400;
  std::uint64_t events_max = 1'000'000;
};

// A key that a configuration may have: "timezone", "area_data.Area".
struct ConfigKey {
  std::string_view path;
  std::string_view ignored;  // why its value is not used; empty: it is
};

struct Config {
  Site site;
  ServerSettings server;
  std::vector<ConfigKey> ignored;  // the keys it has of those that are not used
};

// Every key there is. docs/operations.md tells what each is for.
std::span<const ConfigKey> config_keys();

// The configuration: a JSON object of the keys above, in the shape of the first system's file. It must have areas and
// dwelling types; whatever else is missing has its default.
//   errors  invalid_argument: what is wrong, with key and line. A key that there is not is refused, and the nearest one
//           named: a setting with a typing error must not be a setting without effect
Result<Config> parse_config(std::string_view json);

// The same out of a file, which every error names. errors  also: not_found, io
Result<Config> read_config(FileSystem& files, const std::string& path);

}  // namespace meterhouse::cli

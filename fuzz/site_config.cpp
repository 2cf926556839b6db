// A configuration that is taken names regions, areas and dwelling types, and a clock there is; its settings are in
// bounds.
#include "base/check.h"
#include "base/site_calendar.h"
#include "cli/config.h"
#include "fuzz_target.h"

using namespace meterhouse;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto config = cli::parse_config(text_of(data, size));
  if (!config) {
    MH_CHECK(config.error().code == Errc::invalid_argument && !config.error().message.empty());
    return 0;
  }
  const Site& site = config->site;
  MH_CHECK(!site.regions.empty() && !site.dwelling_types.empty() && SiteCalendar::of(site.timezone).has_value());
  for (const Site::Region& region : site.regions)
    for (const std::string& area : region.areas) MH_CHECK(site.has_area(region.name, area));
  const cli::ServerSettings& server = config->server;
  MH_CHECK(server.bulk_records_max > 0 && server.io_threads > 0 && server.worker_threads > 0);
  return 0;
}

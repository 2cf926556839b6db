// A configuration that is taken names regions, areas and dwelling types, and a clock there is.
#include "cli/site_config.h"
#include "base/check.h"
#include "base/site_calendar.h"
#include "cli/serve_settings.h"
#include "fuzz_target.h"

using namespace meterhouse;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  if (const auto settings = cli::parse_serve_settings(text)) MH_CHECK(settings->bulk_records_max > 0);
  const auto site = cli::parse_site(text);
  if (!site) return 0;
  MH_CHECK(!site->regions.empty() && SiteCalendar::of(site->timezone).has_value());
  for (const Site::Region& region : site->regions)
    for (const std::string& area : region.areas) MH_CHECK(site->has_area(region.name, area));
  return 0;
}

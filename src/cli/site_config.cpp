#include "cli/site_config.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/site_calendar.h"

namespace meterhouse::cli {
namespace {

namespace json = boost::json;

const json::value* find(const json::value& value, std::string_view name) {
  const auto* object = value.if_object();
  return object != nullptr ? object->if_contains(name) : nullptr;
}

Result<std::vector<std::string>> names(const json::value* value, std::string_view what) {
  const auto* list = value != nullptr ? value->if_array() : nullptr;
  if (list == nullptr) return Error{Errc::invalid_argument, fmt::format("{} is not a list", what)};
  std::vector<std::string> all;
  for (const auto& item : *list) {
    const auto* text = item.if_string();
    if (text == nullptr || text->empty())
      return Error{Errc::invalid_argument, fmt::format("{}[{}] is not a name", what, all.size())};
    all.emplace_back(text->begin(), text->end());
  }
  return all;
}

void add_area(Site& site, const std::string& region, const std::string& area) {
  auto found = std::ranges::find(site.regions, region, &Site::Region::name);
  if (found == site.regions.end()) {
    site.regions.push_back({region, {}});
    found = std::prev(site.regions.end());
  }
  if (std::ranges::find(found->areas, area) == found->areas.end()) found->areas.push_back(area);
}

Status add_parallel_lists(Site& site, const json::value& data) {
  const auto areas = names(find(data, "Area"), "area_data.Area");
  if (!areas) return areas.error();
  const auto regions = names(find(data, "Region"), "area_data.Region");
  if (!regions) return regions.error();
  if (areas->size() != regions->size())
    return Error{Errc::invalid_argument,
                 fmt::format("area_data has {} areas but {} regions: each area names its region", areas->size(),
                             regions->size())};
  for (std::size_t i = 0; i < areas->size(); ++i) add_area(site, (*regions)[i], (*areas)[i]);
  return {};
}

Status add_mapping(Site& site, const json::value& mapping) {
  if (!mapping.is_object()) return Error{Errc::invalid_argument, "region_area_mapping is not an object"};
  for (const auto& entry : mapping.get_object()) {
    const std::string region{entry.key()};
    const auto areas = names(&entry.value(), "region_area_mapping." + region);
    if (!areas) return areas.error();
    for (const auto& area : *areas) add_area(site, region, area);
  }
  return {};
}

Status add_clock(Site& site, const json::value& config) {
  if (const auto* zone = find(config, "timezone")) {
    if (!zone->is_string()) return Error{Errc::invalid_argument, "timezone is not a name"};
    site.timezone = json::value_to<std::string>(*zone);
    if (const auto calendar = SiteCalendar::of(site.timezone); !calendar) return calendar.error().during("timezone");
  }
  if (const auto* snap = find(config, "snap_seconds")) {
    if (!snap->is_int64() || snap->get_int64() < 0 || snap->get_int64() > 900)
      return Error{Errc::invalid_argument, "snap_seconds is not a number from 0 to 900"};
    site.snap = Seconds{snap->get_int64()};
  }
  return {};
}

}  // namespace

Result<Site> parse_site(std::string_view text) {
  boost::system::error_code error;
  const auto config = json::parse({text.data(), text.size()}, error);
  if (error) return Error{Errc::invalid_argument, fmt::format("this is no JSON: {}", error.message())};

  Site site;
  Status status;
  if (const auto* lists = find(config, "area_data")) status = add_parallel_lists(site, *lists);
  if (const auto* mapping = find(config, "region_area_mapping"); status && mapping != nullptr)
    status = add_mapping(site, *mapping);
  if (!status) return status.error();
  if (site.regions.empty())
    return Error{Errc::invalid_argument, "there is no area: area_data or region_area_mapping is missing"};

  const auto* dwellings = find(config, "dwelling_data");
  auto types = names(dwellings != nullptr ? find(*dwellings, "DwellingType") : nullptr, "dwelling_data.DwellingType");
  if (!types) return types.error();
  site.dwelling_types = std::move(*types);
  if (const auto clock = add_clock(site, config); !clock) return clock.error();
  return site;
}

Result<Site> read_site(FileSystem& files, const std::string& path) {
  const auto text = read_file(files, path);
  if (!text) return text.error().during(fmt::format("read the configuration {}", path));
  auto site = parse_site(*text);
  if (!site) return site.error().during(fmt::format("the configuration {}", path));
  return site;
}

}  // namespace meterhouse::cli

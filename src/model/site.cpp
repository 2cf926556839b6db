#include "model/site.h"

#include <algorithm>

namespace meterhouse {

bool Site::has_area(std::string_view region, std::string_view area) const {
  const auto found = std::ranges::find(regions, region, &Region::name);
  return found != regions.end() && std::ranges::find(found->areas, area) != found->areas.end();
}

bool Site::has_dwelling_type(std::string_view name) const {
  return std::ranges::find(dwelling_types, name) != dwelling_types.end();
}

}  // namespace meterhouse

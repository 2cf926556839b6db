#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace meterhouse {

// What the configuration says of a site: where meters may lie, what dwellings there are, which clock it lives by.
struct Site {
  struct Region {
    std::string name;
    std::vector<std::string> areas;  // in the order of the configuration
  };
  std::vector<Region> regions;
  std::vector<std::string> dwelling_types;
  std::string timezone = "Asia/Singapore";
  Seconds snap{120};  // a reading this near a boundary counts as standing on it

  bool has_area(std::string_view region, std::string_view area) const;
  bool has_dwelling_type(std::string_view name) const;
};

}  // namespace meterhouse

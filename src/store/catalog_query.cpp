#include "store/catalog_query.h"

#include <algorithm>

#include "store/catalog_schema.h"

namespace meterhouse {
namespace {

struct Numbers {
  std::int64_t first, last;  // both included
};

// The ids that begin with the digits: a range of numbers. Text that begins no id gives an empty one.
Numbers numbers_of(std::string_view prefix) {
  if (prefix.size() > 9 || !std::ranges::all_of(prefix, [](char c) { return c >= '0' && c <= '9'; })) return {1, 0};
  Numbers numbers{0, 1};
  for (const char c : prefix) numbers.first = numbers.first * 10 + (c - '0');
  for (std::size_t place = prefix.size(); place < 9; ++place) {
    numbers.first *= 10;
    numbers.last *= 10;
  }
  numbers.last += numbers.first - 1;
  return numbers;
}

}  // namespace

MeterQuery meter_query(const MeterFilter& filter, std::optional<MeterId> after, std::size_t limit) {
  Numbers ids = numbers_of(filter.id_prefix.value_or(""));
  if (after) ids.first = std::max(ids.first, std::int64_t{after->number()} + 1);
  MeterQuery query;
  query.sql = kSelectMeters;
  query.sql += " WHERE meter_id BETWEEN $1 AND $2";
  query.parameters = {ids.first, ids.last};
  // One index is walked: that of the narrowest condition. The others are tested on its rows; as expressions they cannot
  // tempt a planner without statistics into the index of a region with half the meters (measured: 40 ms a page instead
  // of 6).
  bool indexed = false;
  const auto equal = [&](const char* column, const std::optional<std::string>& value) {
    if (!value) return;
    query.parameters.emplace_back(*value);
    query.sql += fmt::format(" AND {}{} = ${}", column, indexed ? " || ''" : "", query.parameters.size());
    indexed = true;
  };
  equal("area", filter.area);
  equal("dwelling_type", filter.dwelling_type);
  equal("region", filter.region);
  query.parameters.emplace_back(static_cast<std::int64_t>(limit));
  query.sql += fmt::format(" ORDER BY meter_id LIMIT ${}", query.parameters.size());
  return query;
}

Meter apply(const MeterPatch& patch, Meter meter) {
  if (patch.region) meter.region = *patch.region;
  if (patch.area) meter.area = *patch.area;
  if (patch.dwelling_type) meter.dwelling_type = *patch.dwelling_type;
  if (patch.serial) meter.serial = *patch.serial;
  if (patch.register_digits) meter.register_digits = *patch.register_digits;
  return meter;
}

}  // namespace meterhouse

#include "service/digests.h"

namespace meterhouse {
namespace {

// A meter's fields, each behind its length, so that no two meters read the same.
std::string bytes_of(const Meter& meter) {
  std::string bytes = meter.id.text();
  for (const std::string* field : {&meter.region, &meter.area, &meter.dwelling_type, &meter.serial})
    bytes += fmt::format("|{}:{}", field->size(), *field);
  return bytes + fmt::format("|{}|{}", epoch_seconds(meter.registered_at), meter.register_digits.value_or(0));
}

}  // namespace

Result<Digests> digests_of(const ReadingStore& store, const Catalog& catalog) {
  Digests digests;
  const auto readings = store.digest();
  if (!readings) return readings.error();
  digests.readings = *readings;
  const auto walked = catalog.for_each_meter([&](const Meter& meter) -> Status {
    digests.meters.add(bytes_of(meter));
    return {};
  });
  if (!walked) return walked.error();
  return digests;
}

}  // namespace meterhouse

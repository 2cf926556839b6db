// A change record of the journal: an error, or a change that is written and applied as the same again.
#include "service/catalog_change.h"

#include "base/check.h"
#include "fuzz_target.h"

using namespace meterhouse;

namespace {

// Notes what it is told.
class NotingCatalog final : public MeterCatalog {
 public:
  Result<std::vector<Registration>> register_meters(std::span<const Meter> meters) override {
    registered.assign(meters.begin(), meters.end());
    return std::vector<Registration>(meters.size(), Registration::registered);
  }
  Result<Meter> patch_meter(MeterId id, const MeterPatch& patch) override {
    patched = id;
    changes = patch;
    return Error{Errc::not_found, "no such meter"};
  }
  Result<Meter> meter(MeterId) const override { return Error{Errc::not_found, "no such meter"}; }
  Result<MeterPage> meters(const MeterFilter&, std::optional<MeterId>, std::size_t) const override {
    return MeterPage{};
  }
  Status for_each_meter(const VisitMeter&) const override { return {}; }
  Result<std::uint64_t> meter_count() const override { return registered.size(); }

  std::vector<Meter> registered;
  std::optional<MeterId> patched;
  MeterPatch changes;
};

bool same(const MeterPatch& a, const MeterPatch& b) {
  return a.region == b.region && a.area == b.area && a.dwelling_type == b.dwelling_type && a.serial == b.serial &&
         a.register_digits == b.register_digits;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  NotingCatalog catalog;
  if (const auto applied = apply_change(catalog, text_of(data, size)); !applied) {
    MH_CHECK(applied.error().code == Errc::corruption || applied.error().code == Errc::unavailable);
    MH_CHECK(catalog.registered.empty() && !catalog.patched);
    return 0;
  }
  NotingCatalog again;
  for (const std::string& record : encode_registrations(catalog.registered))
    MH_CHECK(apply_change(again, record).has_value());
  MH_CHECK(again.registered == catalog.registered);
  for (const Meter& meter : catalog.registered)
    MH_CHECK(!meter.register_digits || (*meter.register_digits >= 4 && *meter.register_digits <= 9));
  if (!catalog.patched) return 0;
  MH_CHECK(apply_change(again, encode_patch(*catalog.patched, catalog.changes)).has_value());
  MH_CHECK(again.patched == catalog.patched && same(again.changes, catalog.changes));
  return 0;
}

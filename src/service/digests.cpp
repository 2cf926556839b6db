#include "service/digests.h"

#include <map>
#include <set>

#include "service/catalog_change.h"
#include "store/catalog_query.h"

namespace meterhouse {
namespace {

// A meter's fields, each behind its length, so that no two meters read the same.
std::string bytes_of(const Meter& meter) {
  std::string bytes = meter.id.text();
  for (const std::string* field : {&meter.region, &meter.area, &meter.dwelling_type, &meter.serial})
    bytes += fmt::format("|{}:{}", field->size(), *field);
  return bytes + fmt::format("|{}", meter.register_digits.value_or(0));
}

// The few meters that changes speak of, to apply these to: as much of a catalog as that needs.
class ChangedMeters final : public MeterCatalog {
 public:
  Result<std::vector<Registration>> register_meters(std::span<const Meter> meters) override {
    std::vector<Registration> done;
    for (const Meter& meter : meters)
      done.push_back(meters_.emplace(meter.id, meter).second ? Registration::registered : Registration::exists);
    return done;
  }
  Result<Meter> meter(MeterId id) const override {
    const auto found = meters_.find(id);
    if (found == meters_.end()) return Error{Errc::not_found, fmt::format("there is no meter {}", id.text())};
    return found->second;
  }
  Result<MeterPage> meters(const MeterFilter&, std::optional<MeterId>, std::size_t) const override {
    return Error{Errc::unavailable, "no pages here"};
  }
  Result<Meter> patch_meter(MeterId id, const MeterPatch& patch) override {
    const auto found = meters_.find(id);
    if (found == meters_.end()) return Error{Errc::not_found, fmt::format("there is no meter {}", id.text())};
    found->second = apply(patch, std::move(found->second));
    return found->second;
  }
  Status for_each_meter(const VisitMeter& visit) const override {
    for (const auto& [id, meter] : meters_)
      if (auto done = visit(meter); !done) return done;
    return {};
  }
  Result<std::uint64_t> meter_count() const override { return meters_.size(); }

 private:
  std::map<MeterId, Meter> meters_;
};

}  // namespace

Result<Digest> digest_of_meters(const MeterCatalog& catalog) {
  return digest_of_meters([&](const MeterCatalog::VisitMeter& visit) { return catalog.for_each_meter(visit); }, {});
}

Result<Digest> digest_of_meters(const WalkMeters& walk, std::span<const std::string> changes) {
  std::set<MeterId> spoken_of;
  for (const std::string& change : changes) {
    const auto ids = meters_changed_by(change);
    if (!ids) return ids.error();
    spoken_of.insert(ids->begin(), ids->end());
  }
  Digest digest;
  ChangedMeters changed;
  const auto add = [&](const Meter& meter) -> Status {
    digest.add(bytes_of(meter));
    return {};
  };
  const auto walked = walk([&](const Meter& meter) -> Status {
    if (!spoken_of.contains(meter.id)) return add(meter);
    (void)changed.register_meters({&meter, 1});
    return {};
  });
  if (!walked) return walked.error();
  for (const std::string& change : changes)
    if (auto applied = apply_change(changed, change); !applied) return applied.error();
  (void)changed.for_each_meter(add);
  return digest;
}

Result<Digests> digests_of(const ReadingStore& store, const Catalog& catalog) {
  const auto readings = store.digest();
  if (!readings) return readings.error();
  const auto meters = digest_of_meters(catalog);
  if (!meters) return meters.error();
  return Digests{.readings = *readings, .meters = *meters, .bills = {}};
}

}  // namespace meterhouse

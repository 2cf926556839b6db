#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/meter.h"
#include "store/catalog_meters.h"

namespace meterhouse {

// Changes of the catalog as records of the readings' journal, so that a restore to a moment brings them along.
//   source  docs/formats/catalog.md, "Change records"

// The records that register the meters, in order, each within the journal's bound of 1 MiB.
std::vector<std::string> encode_registrations(std::span<const Meter> meters);
std::string encode_patch(MeterId id, const MeterPatch& patch);

// Does to the catalog what the record says. Idempotent: a meter that is registered stays as it is, a patch of a meter
// that is not there does nothing. Records are applied in their order in the journal.
//   errors  corruption: not such a record; unavailable: a kind of change that only a newer program knows;
//           the catalog's own
Status apply_change(MeterCatalog& catalog, std::string_view change);

// The meters that the record registers; none where it is another kind of change. errors  as apply_change
Result<std::vector<MeterId>> meters_registered_by(std::string_view change);
// Those that it registers or patches.
Result<std::vector<MeterId>> meters_changed_by(std::string_view change);

}  // namespace meterhouse

#pragma once

#include <functional>
#include <span>
#include <string>

#include "model/digest.h"
#include "store/catalog.h"
#include "store/readings.h"

namespace meterhouse {

// What the program holds, each kind as one number that does not depend on any order: equal for the same data in every
// store, after a restart, a restore, a fold, an export and import.
struct Digests {
  Digest readings;
  Digest meters;
  Digest bills;  // of none as long as there are none
  friend bool operator==(const Digests&, const Digests&) = default;
};

// Reads everything. errors  the store's and the catalog's
Result<Digests> digests_of(const ReadingStore& store, const Catalog& catalog);

// Of id, place, dwelling type, serial and register digits. When a meter was registered is outside, as the arrival of a
// reading is. errors  the catalog's
Result<Digest> digest_of_meters(const MeterCatalog& catalog);

// The same of a catalog that nobody has open, as the next start will leave it.
//   walk     visits each of its meters once
//   changes  of the journal, in order: the catalog may not have them yet
//   errors   the walk's; those of apply_change()
using WalkMeters = std::function<Status(const MeterCatalog::VisitMeter& visit)>;
Result<Digest> digest_of_meters(const WalkMeters& walk, std::span<const std::string> changes);

}  // namespace meterhouse

#pragma once

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
};

// Reads everything. errors  the store's and the catalog's
Result<Digests> digests_of(const ReadingStore& store, const Catalog& catalog);

}  // namespace meterhouse

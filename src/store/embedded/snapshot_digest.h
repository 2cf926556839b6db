#pragma once

#include <functional>
#include <string_view>

#include "model/digest.h"
#include "store/snapshot.h"

namespace meterhouse {

// The digest of a snapshot's readings: what ReadingStore::digest() answers where it is opened. Pending ones are
// outside. It reads the snapshot's own files, all of them, and changes nothing, so a store may go on meanwhile; in
// memory it holds what is not folded yet.
//   on_change  called once for each catalog change that is not folded yet, in order; null: nobody asks
//   stopping   asked between two series; null: it goes on to the end
//   errors     corruption: names file, offset and meter; io; on_change's; unavailable: it was to stop
Result<Digest> digest_of(const StoreSnapshot& snapshot,
                         const std::function<Status(std::string_view change)>& on_change = nullptr,
                         const std::function<bool()>& stopping = nullptr);

}  // namespace meterhouse

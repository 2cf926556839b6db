#pragma once

#include "service/backup/store_id.h"

namespace meterhouse::cli {

// 128 bits of the system's randomness.
StoreId new_store_id();

}  // namespace meterhouse::cli

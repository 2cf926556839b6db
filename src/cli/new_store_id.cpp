#include "cli/new_store_id.h"

#include <random>

#include "base/check.h"

namespace meterhouse::cli {

StoreId new_store_id() {
  std::random_device random;
  std::string hex;
  for (int i = 0; i < 4; ++i) hex += fmt::format("{:08x}", static_cast<std::uint32_t>(random()));
  const auto id = StoreId::parse(hex);
  MH_CHECK(id.has_value());
  return *id;
}

}  // namespace meterhouse::cli

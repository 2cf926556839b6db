#include "cli/restored_directory.h"

#include <filesystem>

#include "base/clock.h"
#include "cli/data_directory.h"
#include "store/sqlite/sqlite_catalog.h"

namespace meterhouse::cli {

Status settle_restored(const RestorePlan& plan) {
  const auto catalog = SqliteCatalog::open(catalog_path(plan.request.to), SystemClock{});
  if (!catalog) return catalog.error();
  auto touched = touch_days_closed_after(**catalog, plan.backup.sequence);
  const auto closed = (*catalog)->close();
  return touched ? closed : touched;
}

Result<std::uint64_t> free_bytes(const std::string& directory) {
  std::error_code error;
  const auto space = std::filesystem::space(directory, error);
  if (error) return Error{Errc::io, fmt::format("{}: {}", directory, error.message())};
  return std::uint64_t{space.available};
}

}  // namespace meterhouse::cli

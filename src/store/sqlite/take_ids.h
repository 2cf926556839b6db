#pragma once

#include <cstdint>

#include "base/result.h"
#include "store/catalog_schema.h"
#include "store/sqlite/connection.h"

namespace meterhouse {

// The first of `count` ids in a row that the counter has given to nobody yet. Inside a transaction.
//   errors  corruption: there is no such counter
inline Result<std::int64_t> take_ids(SqliteConnection& connection, const char* counter, std::int64_t count) {
  auto update = connection.prepare(kTakeIds);
  if (!update) return update.error();
  update->bind(1, std::string_view{counter});
  update->bind(2, count);
  const auto found = update->step();
  if (!found) return found.error();
  if (!*found) return Error{Errc::corruption, fmt::format("catalog: there is no counter '{}'", counter)};
  return update->integer(0) - count + 1;
}

}  // namespace meterhouse

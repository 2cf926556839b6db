#include "store/sqlite/meter_row.h"

namespace meterhouse {

Result<Meter> meter_of(const SqliteStatement& row) {
  const std::int64_t id = row.integer(0);
  if (id < 0 || id > MeterId::kMax) return Error{Errc::corruption, fmt::format("catalog: {} is no meter id", id)};
  for (int column = 1; column <= 5; ++column)
    if (row.is_null(column))
      return Error{Errc::corruption, fmt::format("catalog: column {} of meter {:09} is missing", column, id)};
  Meter meter{MeterId::from_number(static_cast<std::uint32_t>(id)),
              row.text(1),
              row.text(2),
              row.text(3),
              instant_from_epoch(row.integer(4)),
              row.text(5),
              std::nullopt};
  if (!row.is_null(6)) {
    const std::int64_t digits = row.integer(6);
    if (digits < 4 || digits > 9)
      return Error{Errc::corruption, fmt::format("catalog: meter {} has {} register digits", meter.id.text(), digits)};
    meter.register_digits = static_cast<int>(digits);
  }
  return meter;
}

}  // namespace meterhouse

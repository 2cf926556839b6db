#include "store/sqlite/rows.h"

#include <limits>

namespace meterhouse {

std::int64_t CheckedRow::integer(int column, std::int64_t first, std::int64_t last) {
  const std::int64_t value = row_.integer(column);
  if (row_.type(column) == SqliteStatement::Type::integer && first <= value && value <= last) return value;
  fault(column);
  return first;
}

std::int64_t CheckedRow::count(int column) { return integer(column, 0, std::numeric_limits<std::int64_t>::max()); }

Instant CheckedRow::instant(int column) {
  return instant_from_epoch(integer(column, epoch_seconds(kFirstInstant), epoch_seconds(kLastInstant)));
}

std::string CheckedRow::text(int column) {
  if (row_.type(column) != SqliteStatement::Type::text) fault(column);
  return row_.text(column);
}

std::optional<std::int64_t> CheckedRow::integer_or_null(int column, std::int64_t first, std::int64_t last) {
  if (row_.is_null(column)) return std::nullopt;
  return integer(column, first, last);
}

std::optional<Instant> CheckedRow::instant_or_null(int column) {
  if (row_.is_null(column)) return std::nullopt;
  return instant(column);
}

std::optional<double> CheckedRow::share_or_null(int column) {
  if (row_.is_null(column)) return std::nullopt;
  const double share = row_.real(column);
  if (row_.type(column) != SqliteStatement::Type::real || !(share >= 0 && share <= 1)) fault(column);
  return share;
}

Error CheckedRow::error() const {
  const int column = faulty_column_.value_or(0);
  return {Errc::corruption, fmt::format("catalog: {} {}: column {} holds '{:.40}'", what_, row_.text(0),
                                        row_.name(column), row_.text(column))};
}

}  // namespace meterhouse

#include "store/sqlite/day_row.h"

#include <limits>

#include "store/catalog_days.h"
#include "store/sqlite/rows.h"

namespace meterhouse {
namespace {

date::local_days day_in(CheckedRow& row) {
  return date::local_days{
      date::days{row.integer(0, day_number(DayCatalog::kFirstDay), day_number(DayCatalog::kLastDay))}};
}

std::uint64_t count_in(CheckedRow& row, int column) { return static_cast<std::uint64_t>(row.count(column)); }

MilliWattHours energy_in(CheckedRow& row, int column) {
  using Limits = std::numeric_limits<std::int64_t>;
  return MilliWattHours{row.integer(column, Limits::min(), Limits::max())};
}

}  // namespace

Result<TouchedDay> touched_of(const SqliteStatement& row) {
  CheckedRow checked{row, "touched day"};
  return checked.checked(TouchedDay{day_in(checked), count_in(checked, 1)});
}

Result<ClosedDay> closed_day_of(const SqliteStatement& row) {
  CheckedRow checked{row, "closed day"};
  return checked.checked(ClosedDay{.day = day_in(checked),
                                   .closed_at = checked.instant(1),
                                   .sequence = count_in(checked, 2),
                                   .readings = count_in(checked, 3),
                                   .missing = count_in(checked, 4)});
}

Result<DayTotal> day_total_of(const SqliteStatement& row) {
  CheckedRow checked{row, "total of day"};
  (void)day_in(checked);
  return checked.checked(DayTotal{.region = checked.text(1),
                                  .area = checked.text(2),
                                  .dwelling_type = checked.text(3),
                                  .channel = static_cast<Channel>(checked.integer(4, 0, 1)),
                                  .energy = energy_in(checked, 5),
                                  .meters = count_in(checked, 6),
                                  .expected = count_in(checked, 7),
                                  .found = count_in(checked, 8),
                                  .estimated = count_in(checked, 9),
                                  .estimated_energy = energy_in(checked, 10)});
}

}  // namespace meterhouse

#include "store/sqlite/event_row.h"

#include <limits>

#include "store/sqlite/rows.h"

namespace meterhouse {

Result<Event> event_of(const SqliteStatement& row) {
  CheckedRow checked{row, "event"};
  Event event{.id = checked.integer(0, 1, std::numeric_limits<std::int64_t>::max()),
              .at = checked.instant(1),
              .type = checked.text(2),
              .message = checked.text(4),
              .fields = checked.text(5)};
  if (const auto meter = checked.integer_or_null(3, 0, MeterId::kMax))
    event.meter = MeterId::from_number(static_cast<std::uint32_t>(*meter));
  return checked.checked(std::move(event));
}

}  // namespace meterhouse

#include "http/reading_page.h"

#include "service/reading_months.h"

namespace meterhouse {

Result<ReadingPage> read_page(const ReadingStore& store, SeriesKey key, ReadRange range, std::size_t limit,
                              const SiteCalendar& calendar) {
  ReadingPage page;
  auto done = for_each_month(store, key, range, calendar, [&](const Series& month) -> Result<bool> {
    for (std::size_t i = 0; i < month.size(); ++i) {
      if (page.readings.size() == limit) {
        page.next = month.at[i];
        return false;
      }
      page.readings.push_back(month.at[i], month.registers[i], month.flags_at(i));
    }
    return true;
  });
  if (!done) return done.error();
  return page;
}

}  // namespace meterhouse

#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/site_calendar.h"
#include "model/meter.h"
#include "model/site.h"
#include "store/catalog.h"
#include "store/readings.h"
#include "usage/consumption.h"

namespace meterhouse {

// The periods of the first system's query.
enum class LegacyPeriod : std::uint8_t { latest_interval, one_day, one_week, one_month, one_year };
Result<LegacyPeriod> parse_legacy_period(std::string_view text);  // "30m" "1d" "1w" "1m" "1y"; errors invalid_argument

struct LegacyAnswer {
  struct Entry {
    Instant
        at;  // one_day, latest_interval: closes the interval; else the first instant of the local date or month in it
    MilliWattHours energy;  // exact for an interval; for a date or month rounded to 0.01 kWh
  };
  MilliWattHours total;        // rounded to 0.01 kWh, half-even; latest_interval: exact
  TimeRange covered;           // what the total truly covers
  std::vector<Entry> entries;  // ascending; never empty; dates and months of which nothing is known are left out
};

// How much was used and when: reads a channel with its neighbours and computes.
//   threads  any thread but an I/O thread: calls wait for the disk
//   errors   of every call: not_found (the meter is not registered); the store's and the catalog's own
class UsageQueries {
 public:
  // All outlive the object. `calendar` is the site's.
  UsageQueries(const Site& site, const SiteCalendar& calendar, const Clock& clock, const Catalog& catalog,
               const ReadingStore& store)
      : site_(site), calendar_(calendar), clock_(clock), catalog_(catalog), store_(store) {}

  struct Question {
    MeterId meter;
    Channel channel = Channel::import_;
    TimeRange range;
    Step step;
    std::size_t max_values = kMaxAnswerValues;
    const SiteCalendar* calendar = nullptr;  // whose days and longer are meant; the site's where null
  };

  // As consumption() in usage/consumption.h. Expected are the intervals since the meter's registration or the channel's
  // first reading, whichever is earlier, up to now; of export those since its first reading.
  //   errors  also those of consumption()
  Result<ConsumptionAnswer> consumption(const Question& question) const;

  // What a meter used in a range, by one channel.
  struct Use {
    const Meter& meter;
    Channel channel;
    const Consumption& used;  // the total of the range; its energy may be absent, and is where it does not fit 64 bits
    const std::optional<TimeRange>& dips;  // as in ConsumptionAnswer
    std::uint64_t readings;                // that stand in the range: behind its beginning, up to its end
  };
  using VisitUse = std::function<Status(const Use&)>;

  // The use of every meter, a page of them at a time, ascending: both channels, export only from its first reading
  // on. As consumption() of each, but the readings of a page come out of one scan. A failed visit ends it with its
  // error.
  //   range   not empty (MH_CHECK)
  //   after   nullopt: from the first meter on
  //   returns pass as `after` for the next page; nullopt: this was the last
  Result<std::optional<MeterId>> use_of_page(TimeRange range, std::optional<MeterId> after,
                                             const VisitUse& visit) const;

  // The import channel's answer for the contract of the first system: latest_interval is the difference of the two
  // latest readings, whatever lies between them, 0 with one reading; the others are the 24 h, or the 7, 30 or 365 times
  // 24 h, up to now: by interval, local date, local date, local month. nullopt: no data in it.
  Result<std::optional<LegacyAnswer>> legacy_query(MeterId meter, LegacyPeriod period) const;

 private:
  Result<Instant> installed(const Meter& meter, SeriesKey key, const Series& series, Instant from) const;
  Result<ConsumptionAnswer> consumption_of(const Meter& meter, const Question& question, const Series& series) const;
  Result<Series> series_of(SeriesKey key, TimeRange range) const;
  Status visit_use(const Meter& meter, Channel channel, TimeRange range, const Series& series,
                   const VisitUse& visit) const;
  Result<std::optional<LegacyAnswer>> latest_interval(MeterId meter) const;

  const Site& site_;
  const SiteCalendar& calendar_;
  const Clock& clock_;
  const Catalog& catalog_;
  const ReadingStore& store_;
};

}  // namespace meterhouse

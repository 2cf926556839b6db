#pragma once

#include <date/date.h>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "model/day_total.h"

namespace meterhouse {

// Closed local days with their totals, and which days must be closed (again): a part of the Catalog (catalog.h), which
// says what holds of every call. Days lie within kFirstDay and kLastDay (MH_CHECK), as those of readings do.
class DayCatalog {
 public:
  static constexpr date::local_days kFirstDay{date::days{-1}};     // 1969-12-31, west of Greenwich
  static constexpr date::local_days kLastDay{date::days{49'711}};  // 2106-02-08
  static constexpr std::size_t kMaxDaysPerPage = 1'000;

  virtual ~DayCatalog() = default;

  // Notes that the days have readings up to the store's frame `sequence` (below 2^63) that no sum may rest on yet. A
  // day that is noted already keeps the greater sequence. Any order, repetitions allowed.
  virtual Status touch_days(std::span<const date::local_days> days, std::uint64_t sequence) = 0;

  // The same of those of the days from `first` to `last`, both included, that are closed or noted already.
  virtual Status touch_known_days(date::local_days first, date::local_days last, std::uint64_t sequence) = 0;

  // The first `limit` (1..kMaxDaysPerPage) days of [from, until) that are noted so, ascending.
  virtual Result<std::vector<TouchedDay>> touched_days(date::local_days from, date::local_days until,
                                                       std::size_t limit) const = 0;

  // Forgets that a day was touched by frames up to `sequence`: there is nothing to sum up.
  virtual Status forget_touches(date::local_days day, std::uint64_t sequence) = 0;

  // Closes a day, in one transaction: replaces what is kept of it (the day itself and all its totals) and forgets that
  // it was touched by frames up to its watermark, closed.sequence. A newer touch stays: the day is to be closed again.
  //   totals  no two with the same region, area, dwelling type and channel; counts below 2^63
  //   errors  invalid_argument: two are of the same kind; nothing was changed
  virtual Status close_day(const ClosedDay& closed, std::span<const DayTotal> totals) = 0;

  // nullopt: it was never closed.
  virtual Result<std::optional<ClosedDay>> closed_day(date::local_days day) const = 0;
  // The first `limit` (1..kMaxDaysPerPage) closed days of [from, to), ascending.
  virtual Result<std::vector<ClosedDay>> closed_days(date::local_days from, date::local_days to,
                                                     std::size_t limit) const = 0;
  // The greatest; nullopt: none was ever closed.
  virtual Result<std::optional<ClosedDay>> newest_closed_day() const = 0;

  // The totals of a day by region, area, dwelling type and channel, in that order; empty where it was never closed.
  virtual Result<std::vector<DayTotal>> day_totals(date::local_days day) const = 0;
};

}  // namespace meterhouse

#pragma once

#include <date/date.h>

#include <cstdint>
#include <deque>
#include <vector>

#include "base/result.h"
#include "base/site_calendar.h"
#include "base/time.h"
#include "model/energy.h"
#include "model/ids.h"
#include "model/meter.h"
#include "model/reading.h"
#include "model/site.h"
#include "simulator/disorder.h"
#include "simulator/profile.h"

namespace meterhouse::simulator {

struct TownOptions {
  std::uint64_t seed = 1;
  std::uint32_t meters = 1'000;
  MeterId first_meter = MeterId::from_number(100'000'001);
  TimeRange period;          // readings with period.from <= at <= period.to: both ends, as both bound a consumption
  Seconds interval{1800};    // divides a day; readings stand on its multiples since local midnight
  double solar_share = 0.2;  // of the landed homes: these have an export channel
  Disorder disorder;
};

// One meter's channel: everything its registers are computed from.
struct SeriesModel {
  SeriesKey key;
  std::uint64_t noise;  // its own random numbers
  std::int64_t daily;   // mean energy of a day, mWh
  std::uint8_t first;   // two archetypes, `first` with weight/64
  std::uint8_t second;
  std::uint8_t weight;
  std::int64_t modulus;  // the register wraps here, mWh
  std::int64_t offset;   // register = energy used since the epoch + offset, wrapped
  Instant exchanged;     // the final reading of a replaced device; kLastInstant: never
  std::int64_t offset_after;
};

// A local day with its reading instants: start, start + interval, … before the next day's start.
struct TownDay {
  date::local_days date;
  Instant start;
  Seconds length;
  const DayShape* shape;

  std::size_t steps() const { return shape->size() - 1; }
};

// What a channel used before a day and in it, mWh.
struct EnergyDay {
  std::int64_t before;
  std::int64_t energy;
};

// A deterministic town of meters. Every register is a closed formula of (seed, meter number, instant): the series of a
// meter is the same however many meters there are and whichever slice of time is made, and needs no state. Integers
// throughout: the same bytes on every machine. Only exchange and rollover are placed relative to the period. Immutable
// after construction: any thread.
class Town {
 public:
  static constexpr std::uint32_t kMaxMeters = 100'000'000;
  static constexpr date::local_days kFirstDay = date::local_days{date::year{2010} / 1 / 1};

  // errors  invalid_argument: no area or dwelling type, an unknown time zone, an interval that does not divide a day
  //         out_of_range: too many meters, a period before kFirstDay or of no length
  static Result<Town> build(const TownOptions& options, const Site& site);
  Town(Town&&) noexcept = default;
  Town& operator=(Town&&) = default;
  Town(const Town&) = delete;
  Town& operator=(const Town&) = delete;

  std::uint32_t size() const { return options_.meters; }
  const TownOptions& options() const { return options_; }
  const SiteCalendar& calendar() const { return calendar_; }
  const FaultPlan& faults() const { return faults_; }

  // index < size()
  Meter meter(std::uint32_t index) const;
  // The import channel, and the export channel of a home with a roof of solar panels.
  std::vector<SeriesModel> series(std::uint32_t index) const;

  // The days that hold the period's instants, ascending.
  std::size_t days() const { return days_.size() - kDaysBefore; }
  const TownDay& day(std::size_t index) const { return days_[index + kDaysBefore]; }
  EnergyDay energy_day(const SeriesModel& series, const TownDay& day) const;

  // The register at the step-th instant of the day, in hundredths of a kWh (cut). Planted exchange and rollover are in
  // it.
  MilliWattHours register_at(const SeriesModel& series, const EnergyDay& energy, const TownDay& day,
                             std::size_t step) const;
  // The same at the last reading instant at or before `at`, which lies in the period or up to three days before it.
  MilliWattHours register_at(const SeriesModel& series, Instant at) const;

 private:
  // A run of faults over the period's start began up to three days earlier.
  static constexpr std::size_t kDaysBefore = 4;

  struct Place {
    std::uint32_t region;
    std::uint32_t area;
  };
  struct Dwelling {
    std::uint32_t share;        // per mille
    std::uint32_t monthly_kwh;  // mean of an account
    std::uint32_t cooled;       // weight of the air-conditioned archetype among the four
    bool landed;
  };
  struct Home {  // what the seed makes of a meter's number
    std::uint64_t random;
    std::size_t dwelling;
    bool solar;
  };

  Town(const TownOptions& options, const Site& site, SiteCalendar calendar, Profiles profiles);
  static Dwelling dwelling_of(std::string_view name);
  void lay_out_days();
  Home home(std::uint32_t index) const;
  std::int64_t used_before(const SeriesModel& series, date::local_days day) const;
  void place_register(SeriesModel& series) const;

  TownOptions options_;
  Site site_;
  SiteCalendar calendar_;
  Profiles profiles_;
  FaultPlan faults_;
  std::vector<Place> places_;
  std::vector<Dwelling> dwellings_;
  std::uint32_t shares_ = 0;
  std::deque<DayShape> shapes_;  // days point into it; a deque's elements stay where they are
  std::vector<TownDay> days_;
};

// ---- in the header because the feed calls it for every reading

namespace detail {
constexpr int kWeightBits = 6;
constexpr std::int64_t kResolution = 10'000;  // 0.01 kWh

inline std::int64_t share_of(const SeriesModel& series, const DayShare& share) {
  return std::int64_t{series.weight} * share[series.first] + (64 - std::int64_t{series.weight}) * share[series.second];
}
}  // namespace detail

// The day's energy up to the step, and on top a random part of what the coming interval uses: never falling, because
// that part is at most what the next step adds anyhow.
inline MilliWattHours Town::register_at(const SeriesModel& series, const EnergyDay& energy, const TownDay& day,
                                        std::size_t step) const {
  const Instant at = day.start + static_cast<std::int64_t>(step) * options_.interval;
  const auto& shape = *day.shape;
  constexpr int kBits = kShareBits + detail::kWeightBits;
  const auto now = energy.energy * detail::share_of(series, shape[step]) >> kBits;
  const auto next = energy.energy * detail::share_of(series, shape[step + 1]) >> kBits;
  const auto random = static_cast<std::int64_t>(mix(series.noise, static_cast<std::uint64_t>(epoch_seconds(at))) >> 40);
  const auto used = energy.before + now + ((next - now) * random >> 24);
  auto shown = used + (at > series.exchanged ? series.offset_after : series.offset);
  if (shown >= series.modulus) [[unlikely]]
    shown %= series.modulus;
  return MilliWattHours{shown - shown % detail::kResolution};
}

}  // namespace meterhouse::simulator

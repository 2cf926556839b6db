#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/energy.h"
#include "model/series.h"

namespace meterhouse {

// One channel's readings as energy that never falls: rollovers are continued over, the readings of a dip are left out,
// and a register that went backwards for no known reason and did not come back adds nothing. Refers to the series,
// which must outlive it. Readings are numbered without those left out, pairs by their first reading.
class Timeline {
 public:
  // Where an instant lies among the readings, and the energy there, counted from the first reading.
  struct Edge {
    enum class Place : std::uint8_t { before_first, known, after_last };
    Instant instant{};           // the asked one, or that of the reading the edge was put on
    Place place = Place::known;  // outside the readings nothing bounds the energy: the following do not count
    bool estimated = false;      // interpolated between `before` and the reading after it
    std::size_t before = 0;      // the reading the edge stands on, or the one before it
    std::int64_t energy = 0;     // mWh

    // The pairs between two edges are [start.before, end.pairs_end()).
    std::size_t pairs_end() const { return before + (estimated ? 1 : 0); }
  };

  // modulus  where the register wraps, if that is known
  // errors   out_of_range: the energies do not fit 64 bits
  //          (only where registers leap back and forth over their whole range)
  static Result<Timeline> of(const Series& series, std::optional<MilliWattHours> modulus);

  std::size_t size() const { return series_->size(); }
  Instant at(std::size_t reading) const { return series_->at[reading]; }
  std::int64_t energy(std::size_t reading) const;

  Edge on_reading(std::size_t reading) const {
    return {at(reading), Edge::Place::known, false, reading, energy(reading)};
  }

  // The nearest reading within `snap` of the instant (the earlier of two as near) stands on it. Else the energy is
  // interpolated linearly between the readings around it, rounded half-even.
  //   near  a reading not after the one sought, where the search starts; moved on for the next, later instant
  Edge edge_at(Instant instant, Seconds snap, std::size_t& near) const;

  // Whether the register went backwards for no known reason in one of the pairs [first, last), or a dip was left out.
  bool suspect(std::size_t first, std::size_t last) const;

  // From the reading before the first dip to the one after the last; nullopt: there is none.
  std::optional<TimeRange> dips() const { return dips_; }

 private:
  // A pair whose register fell, or from which a dip was left out; from the reading after it on, `lift` is added to the
  // register.
  struct Break {
    std::size_t pair;
    std::int64_t lift;
    bool suspect;
  };
  explicit Timeline(const Series& series) : series_(&series) {}
  Status find_breaks(std::size_t start, std::span<const std::size_t> over_dips, std::optional<MilliWattHours> modulus);
  std::int64_t interpolate(std::size_t pair, Instant instant) const;

  const Series* series_;                // the caller's, or `kept_`
  std::unique_ptr<const Series> kept_;  // the readings without the dips, where a register falls
  std::vector<Break> breaks_;           // ascending, nearly always empty
  std::optional<TimeRange> dips_;
};

}  // namespace meterhouse

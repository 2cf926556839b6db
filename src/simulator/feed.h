#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "base/time.h"
#include "model/reading.h"
#include "simulator/disorder.h"
#include "simulator/town.h"

namespace meterhouse::simulator {

enum class Order : std::uint8_t {
  by_time,   // every meter's reading of an instant, then the next instant: as a town sends them
  by_meter,  // a meter's whole period, then the next meter: as a file per meter lists them
};

// A town's readings in the order in which they are sent, with the planted disorder. Memory: about 100 bytes a channel
// (by time; by meter: of one meter) and the readings that are on their way late; never the readings themselves. One
// thread.
class Feed {
 public:
  using FaultSink = std::function<void(const PlantedFault&)>;

  // The readings with range.from <= at <= range.to, a part of the town's period (MH_CHECK). Late ones are sent late;
  // what is still on its way at the end of the range comes last. `town` outlives the feed. `faults` is told each
  // planted fault that touches the range once.
  Feed(const Town& town, Order order, TimeRange range, FaultSink faults = {});
  // Of the meters first..last alone (indexes, `last` excluded): the same series, for several senders.
  Feed(const Town& town, Order order, TimeRange range, std::uint32_t first, std::uint32_t last, FaultSink faults = {});

  // Clears `out` and fills it with the next readings, at most `limit` and a few more where one is sent twice.
  // false: there are no more (out is empty).
  bool next(std::vector<Reading>& out, std::size_t limit);

  // The instant whose turn it is; for a progress bar.
  Instant now() const { return now_; }

 private:
  struct Channel {
    SeriesModel model;
    EnergyDay energy;
    MilliWattHours previous;  // shown at the step before; to see a rollover
  };

  bool start_next_meters();
  bool advance();
  bool enter_day(std::size_t day);
  void send_due();
  void send_in_order(std::vector<Reading>& out, std::size_t limit);
  void send_disordered(Channel& channel, std::vector<Reading>& out);

  bool is_first_of(const FaultPlan::Run& run) const;
  void tell(FaultKind kind, const Channel& channel, Instant to, MilliWattHours actual, MilliWattHours shown,
            std::optional<Instant> delivered = std::nullopt) const;
  void tell_run(FaultKind kind, const Channel& channel, const FaultPlan::Run& run, MilliWattHours actual,
                MilliWattHours shown, std::optional<Instant> delivered = std::nullopt) const;
  void tell_device_faults(Channel& channel, MilliWattHours actual) const;
  // Whether the reading is never sent, and the register the meter shows.
  bool in_gap(const Channel& channel, MilliWattHours actual) const;
  MilliWattHours shown_register(const Channel& channel, MilliWattHours actual) const;
  // When it is sent: now_, or later.
  Instant sending_time(const Channel& channel, MilliWattHours actual, MilliWattHours shown) const;
  void send_again(const Channel& channel, MilliWattHours actual, MilliWattHours shown, Instant sent);

  const Town& town_;
  Order order_;
  TimeRange range_;
  FaultSink faults_;
  Seconds interval_;

  std::uint32_t next_meter_;
  std::uint32_t last_meter_;
  std::vector<Channel> channels_;
  std::size_t position_ = 0;  // in channels_: whose turn it is
  std::size_t day_ = 0;
  std::size_t step_ = 0;
  Instant now_;
  bool running_ = false;

  std::map<Instant, std::vector<Reading>> late_;  // by the instant of sending
  std::vector<Reading> due_;                      // to be sent before now_'s own, last first
};

}  // namespace meterhouse::simulator

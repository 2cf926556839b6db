#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/time.h"
#include "model/event.h"
#include "store/readings.h"

namespace meterhouse {

// Events on their way to the catalog, oldest first, bounded. What does not fit is counted, and the count becomes an
// event in its place: behind those that waited then, before those that come when there is room again.
//   threads  one at a time: whoever has it guards it
class EventQueue {
 public:
  explicit EventQueue(std::size_t capacity) : capacity_(capacity) {}

  // False: there was no room, and the event is only counted.
  bool push(Event event);
  struct Taken {
    std::vector<Event> events;
    std::size_t shown = 0;  // so many of the first were in unshown() before
  };
  // The oldest `count`, or as many as there are.
  Taken take(std::size_t count);
  // Those that no call gave before; they stay.
  std::vector<Event> unshown();

  // How many there are to be taken, with the event that tells of those dropped.
  std::size_t size() const { return events_.size() + (dropped_ > 0 ? 1 : 0); }
  bool full() const { return events_.size() >= capacity_; }

 private:
  void note_dropped();

  std::size_t capacity_;
  std::deque<Event> events_;
  std::size_t shown_ = 0;      // of the first in events_
  std::uint64_t dropped_ = 0;  // since the last event in events_
  Instant first_dropped_at_ = {};
};

// Counts what came of readings until it is asked, so that their arrival is one event now and then and not one each.
//   threads  any; never waits
class ReadingTally {
 public:
  // One request (a file, a message) with its readings.
  void add(const AppendCounts& counts, std::uint64_t rejected);
  // What was counted since the last call, as an event of type meter_reading; nullopt: no request. What is counted while
  // it runs may be split between this event and the next, and is in exactly one of them.
  std::optional<Event> take(Instant now);

 private:
  std::atomic<std::uint64_t> requests_ = 0;
  std::atomic<std::uint64_t> accepted_ = 0;
  std::atomic<std::uint64_t> duplicate_ = 0;
  std::atomic<std::uint64_t> conflict_ = 0;
  std::atomic<std::uint64_t> pending_ = 0;
  std::atomic<std::uint64_t> rejected_ = 0;
};

}  // namespace meterhouse

#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "model/event.h"
#include "store/catalog_events.h"

namespace meterhouse {

// Whether a list with the filter would have the event.
bool matches(const EventFilter& filter, const Event& event);

// One who follows the events as they are written. What is not fetched waits here, bounded; what does not fit is counted
// and told.
//   threads  any
class EventFollower {
 public:
  static constexpr std::size_t kMaxWaitingEvents = 1'000;

  struct Taken {
    std::vector<Event> events;  // ascending by id
    std::uint64_t missed = 0;   // behind them, because the follower was too slow: the catalog has those
  };

  //   wake  called when there is something to take and there was nothing before, from the thread that writes events:
  //         it must not wait, and must not call the follower
  EventFollower(EventFilter filter, std::function<void()> wake) : filter_(std::move(filter)) {
    state_.with([&](State& state) { state.wake = std::move(wake); });
  }

  // What came since the last call.
  Taken take();
  // From its return on `wake` is not called any more, and nothing waits.
  void close();
  void offer(std::span<const Event> events);  // EventFeed's

 private:
  struct State {
    std::deque<Event> waiting;
    std::uint64_t missed = 0;
    std::function<void()> wake;  // empty: closed
  };

  const EventFilter filter_;
  Guarded<State> state_;
};

// Hands events on to those who follow them.
//   threads  any
class EventFeed {
 public:
  static constexpr std::size_t kMaxFollowers = 100;

  // It follows as long as the caller holds it.
  //   errors  unavailable: kMaxFollowers follow already
  Result<std::shared_ptr<EventFollower>> follow(EventFilter filter, std::function<void()> wake);
  // Events with their ids, after they were written.
  void publish(std::span<const Event> events);
  std::size_t followers() const;

 private:
  using Followers = std::vector<std::weak_ptr<EventFollower>>;

  mutable Guarded<Followers> followers_;
};

}  // namespace meterhouse

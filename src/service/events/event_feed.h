#pragma once

#include <atomic>
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

// One who follows the events as they are written: knows whether there is news. The events themselves are in the
// catalog; nothing waits here, however slowly somebody follows.
//   threads  any
class EventFollower {
 public:
  explicit EventFollower(EventFilter filter) : filter_(std::move(filter)) {}

  // Whether events that match were written since the last call. Asked before the catalog is, none is overlooked.
  bool take_news() { return news_.exchange(false); }
  void offer(std::span<const Event> events);  // EventFeed's

 private:
  const EventFilter filter_;
  std::atomic<bool> news_ = false;
};

// Tells those who follow that there are events.
//   threads  any
class EventFeed {
 public:
  static constexpr std::size_t kMaxFollowers = 100;

  // It follows as long as the caller holds it.
  //   errors  unavailable: kMaxFollowers follow already
  Result<std::shared_ptr<EventFollower>> follow(EventFilter filter);
  // Events that were written.
  void publish(std::span<const Event> events);
  std::size_t followers() const;

 private:
  using Followers = std::vector<std::weak_ptr<EventFollower>>;

  mutable Guarded<Followers> followers_;
};

}  // namespace meterhouse

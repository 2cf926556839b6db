#include "service/events/event_queue.h"

#include <fmt/format.h>

#include <algorithm>

#include "service/events/event_types.h"

namespace meterhouse {

bool EventQueue::push(Event event) {
  if (full()) {
    if (dropped_++ == 0) first_dropped_at_ = event.at;
    return false;
  }
  if (dropped_ > 0) note_dropped();
  events_.push_back(std::move(event));
  return true;
}

EventQueue::Taken EventQueue::take(std::size_t count) {
  const auto first = events_.begin();
  const auto last = first + static_cast<std::ptrdiff_t>(std::min(count, events_.size()));
  Taken taken{{std::make_move_iterator(first), std::make_move_iterator(last)}};
  events_.erase(first, last);
  taken.shown = std::min(shown_, taken.events.size());
  shown_ -= taken.shown;
  if (taken.events.size() < count && dropped_ > 0) {
    note_dropped();
    taken.events.push_back(std::move(events_.back()));
    events_.pop_back();
  }
  return taken;
}

std::vector<Event> EventQueue::unshown() {
  std::vector<Event> events{events_.begin() + static_cast<std::ptrdiff_t>(shown_), events_.end()};
  shown_ = events_.size();
  return events;
}

// One event past the capacity at most: push() adds another behind it only where there was room for one.
void EventQueue::note_dropped() {
  events_.push_back({.at = first_dropped_at_,
                     .type = std::string{event_type::kSystem},
                     .message = fmt::format("{} events dropped: they came faster than they could be written", dropped_),
                     .fields = fmt::format(R"({{"dropped":{}}})", dropped_)});
  dropped_ = 0;
}

void ReadingTally::add(const AppendCounts& counts, std::uint64_t rejected) {
  constexpr auto kRelaxed = std::memory_order_relaxed;
  accepted_.fetch_add(counts.accepted, kRelaxed);
  duplicate_.fetch_add(counts.duplicate, kRelaxed);
  conflict_.fetch_add(counts.conflict, kRelaxed);
  pending_.fetch_add(counts.pending, kRelaxed);
  rejected_.fetch_add(rejected, kRelaxed);
  requests_.fetch_add(1, std::memory_order_release);  // last: whoever sees the request sees its readings
}

std::optional<Event> ReadingTally::take(Instant now) {
  const std::uint64_t requests = requests_.exchange(0, std::memory_order_acquire);
  if (requests == 0) return std::nullopt;
  constexpr auto kRelaxed = std::memory_order_relaxed;
  const std::uint64_t accepted = accepted_.exchange(0, kRelaxed);
  const std::uint64_t duplicate = duplicate_.exchange(0, kRelaxed);
  const std::uint64_t conflict = conflict_.exchange(0, kRelaxed);
  const std::uint64_t pending = pending_.exchange(0, kRelaxed);
  const std::uint64_t rejected = rejected_.exchange(0, kRelaxed);
  return Event{
      .at = now,
      .type = std::string{event_type::kMeterReading},
      .message = fmt::format("{} accepted, {} duplicate, {} conflict, {} pending, {} rejected in {} {}", accepted,
                             duplicate, conflict, pending, rejected, requests, requests == 1 ? "request" : "requests"),
      .fields =
          fmt::format(R"({{"accepted":{},"duplicate":{},"conflict":{},"pending":{},"rejected":{},"requests":{}}})",
                      accepted, duplicate, conflict, pending, rejected, requests)};
}

}  // namespace meterhouse

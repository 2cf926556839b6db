#include "service/event_feed.h"

#include <algorithm>

namespace meterhouse {
namespace {

bool is_gone(const std::weak_ptr<EventFollower>& follower) { return follower.expired(); }

}  // namespace

bool matches(const EventFilter& filter, const Event& event) {
  if (!filter.types.empty() && std::ranges::find(filter.types, event.type) == filter.types.end()) return false;
  if (filter.from && event.at < *filter.from) return false;
  if (filter.to && event.at >= *filter.to) return false;
  return !filter.meter || event.meter == filter.meter;
}

EventFollower::Taken EventFollower::take() {
  return state_.with([](State& state) {
    Taken taken{{std::make_move_iterator(state.waiting.begin()), std::make_move_iterator(state.waiting.end())},
                state.missed};
    state.waiting.clear();
    state.missed = 0;
    return taken;
  });
}

void EventFollower::close() {
  state_.with([](State& state) {
    state.wake = nullptr;
    state.waiting.clear();
    state.missed = 0;
  });
}

void EventFollower::offer(std::span<const Event> events) {
  state_.with([&](State& state) {
    if (!state.wake) return;
    const bool nothing_waited = state.waiting.empty();
    for (const Event& event : events) {
      if (!matches(filter_, event)) continue;
      if (state.waiting.size() < kMaxWaitingEvents)
        state.waiting.push_back(event);
      else
        ++state.missed;
    }
    if (nothing_waited && !state.waiting.empty()) state.wake();
  });
}

Result<std::shared_ptr<EventFollower>> EventFeed::follow(EventFilter filter, std::function<void()> wake) {
  auto follower = std::make_shared<EventFollower>(std::move(filter), std::move(wake));
  const bool taken = followers_.with([&](Followers& followers) {
    std::erase_if(followers, is_gone);
    if (followers.size() >= kMaxFollowers) return false;
    followers.push_back(follower);
    return true;
  });
  if (!taken) return Error{Errc::unavailable, fmt::format("{} follow the events already", kMaxFollowers)};
  return follower;
}

void EventFeed::publish(std::span<const Event> events) {
  const Followers followers = followers_.with([](Followers& all) {
    std::erase_if(all, is_gone);
    return all;
  });
  for (const auto& follower : followers)
    if (const auto there = follower.lock()) there->offer(events);
}

std::size_t EventFeed::followers() const {
  return followers_.with([](const Followers& followers) {
    return followers.size() - static_cast<std::size_t>(std::ranges::count_if(followers, is_gone));
  });
}

}  // namespace meterhouse

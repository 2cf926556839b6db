#include "service/events/event_feed.h"

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

void EventFollower::offer(std::span<const Event> events) {
  if (std::ranges::any_of(events, [this](const Event& event) { return matches(filter_, event); })) news_ = true;
}

Result<std::shared_ptr<EventFollower>> EventFeed::follow(EventFilter filter) {
  auto follower = std::make_shared<EventFollower>(std::move(filter));
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

#include "service/events/event_feed.h"

#include <gtest/gtest.h>

#include "store/contract/must.h"

namespace meterhouse {
namespace {

constexpr Instant kNoon = instant_from_epoch(1'740'052'800);

std::vector<Event> events_of(std::int64_t first_id, std::size_t count, std::string type = "system") {
  std::vector<Event> events;
  for (std::size_t i = 0; i < count; ++i)
    events.push_back({.id = first_id + static_cast<std::int64_t>(i), .at = kNoon, .type = type});
  return events;
}

TEST(EventFilter, MatchesWhatAListWouldHave) {
  const Event event{
      .id = 1, .at = kNoon, .type = "error", .meter = MeterId::from_number(5), .message = "", .fields = "{}"};
  struct Case {
    const char* name;
    EventFilter filter;
    bool matching;
  };
  for (const Case& c :
       {Case{"no filter", {}, true}, Case{"its type", {.types = {"system", "error"}}, true},
        Case{"another type", {.types = {"system"}}, false}, Case{"from is in it", {.from = kNoon}, true},
        Case{"before from", {.from = kNoon + Seconds{1}}, false}, Case{"to is not", {.to = kNoon}, false},
        Case{"its meter", {.meter = MeterId::from_number(5)}, true},
        Case{"another meter", {.meter = MeterId::from_number(6)}, false}}) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(matches(c.filter, event), c.matching);
  }
  EXPECT_FALSE(matches({.meter = MeterId::from_number(5)}, Event{.at = kNoon}));
}

TEST(EventFeed, AFollowerHearsOfWhatMatchesFromNowOn) {
  EventFeed feed;
  feed.publish(events_of(1, 1, "error"));
  const auto follower = must(feed.follow({.types = {"error"}}));
  EXPECT_FALSE(follower->take_news());
  feed.publish(events_of(2, 2, "system"));
  EXPECT_FALSE(follower->take_news());
  feed.publish(events_of(4, 2, "error"));
  feed.publish(events_of(6, 1, "system"));
  EXPECT_TRUE(follower->take_news());
  EXPECT_FALSE(follower->take_news()) << "once, until there is more";
  feed.publish(events_of(7, 1, "error"));
  EXPECT_TRUE(follower->take_news());
}

TEST(EventFeed, TheNumberOfFollowersIsBounded) {
  EventFeed feed;
  std::vector<std::shared_ptr<EventFollower>> followers;
  for (std::size_t i = 0; i < EventFeed::kMaxFollowers; ++i) followers.push_back(must(feed.follow({})));
  EXPECT_EQ(code_of(feed.follow({})), Errc::unavailable);
  followers.pop_back();
  EXPECT_EQ(feed.followers(), EventFeed::kMaxFollowers - 1);
  EXPECT_FALSE(code_of(feed.follow({})));
}

}  // namespace
}  // namespace meterhouse

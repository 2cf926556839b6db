#include "service/event_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/contract/must.h"

namespace meterhouse {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Instant kNoon = instant_from_epoch(1'740'052'800);

std::vector<Event> events_of(std::int64_t first_id, std::size_t count, std::string type = "system") {
  std::vector<Event> events;
  for (std::size_t i = 0; i < count; ++i)
    events.push_back({.id = first_id + static_cast<std::int64_t>(i), .at = kNoon, .type = type});
  return events;
}

std::vector<std::int64_t> ids_of(const std::vector<Event>& events) {
  std::vector<std::int64_t> ids;
  for (const Event& event : events) ids.push_back(event.id);
  return ids;
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

TEST(EventFeed, AFollowerGetsWhatMatchesFromNowOn) {
  EventFeed feed;
  feed.publish(events_of(1, 1, "error"));
  int woken = 0;
  const auto follower = must(feed.follow({.types = {"error"}}, [&] { ++woken; }));
  EXPECT_THAT(follower->take().events, IsEmpty());
  feed.publish(events_of(2, 2, "system"));
  EXPECT_EQ(woken, 0);
  feed.publish(events_of(4, 2, "error"));
  feed.publish(events_of(6, 1, "error"));
  EXPECT_EQ(woken, 1) << "once, until it takes";
  const auto taken = follower->take();
  EXPECT_THAT(ids_of(taken.events), ElementsAre(4, 5, 6));
  EXPECT_EQ(taken.missed, 0u);
  feed.publish(events_of(7, 1, "error"));
  EXPECT_EQ(woken, 2);
}

TEST(EventFeed, ASlowFollowerIsToldHowManyItMissed) {
  EventFeed feed;
  const auto slow = must(feed.follow({}, [] {}));
  const auto quick = must(feed.follow({}, [] {}));
  feed.publish(events_of(1, EventFollower::kMaxWaitingEvents));
  EXPECT_EQ(quick->take().events.size(), EventFollower::kMaxWaitingEvents);
  feed.publish(events_of(5'000, 7));
  const auto taken = slow->take();
  EXPECT_EQ(taken.events.size(), EventFollower::kMaxWaitingEvents);
  EXPECT_EQ(taken.events.back().id, static_cast<std::int64_t>(EventFollower::kMaxWaitingEvents));
  EXPECT_EQ(taken.missed, 7u);
  EXPECT_EQ(quick->take().missed, 0u);
  feed.publish(events_of(6'000, 1));
  const auto next = slow->take();
  EXPECT_THAT(ids_of(next.events), ElementsAre(6'000));
  EXPECT_EQ(next.missed, 0u);
}

TEST(EventFeed, AfterCloseNobodyIsWoken) {
  EventFeed feed;
  int woken = 0;
  const auto follower = must(feed.follow({}, [&] { ++woken; }));
  feed.publish(events_of(1, 1));
  follower->close();
  feed.publish(events_of(2, 1));
  EXPECT_EQ(woken, 1);
  EXPECT_THAT(follower->take().events, IsEmpty());
}

TEST(EventFeed, TheNumberOfFollowersIsBounded) {
  EventFeed feed;
  std::vector<std::shared_ptr<EventFollower>> followers;
  for (std::size_t i = 0; i < EventFeed::kMaxFollowers; ++i) followers.push_back(must(feed.follow({}, [] {})));
  EXPECT_EQ(code_of(feed.follow({}, [] {})), Errc::unavailable);
  followers.pop_back();
  EXPECT_EQ(feed.followers(), EventFeed::kMaxFollowers - 1);
  EXPECT_FALSE(code_of(feed.follow({}, [] {})));
}

}  // namespace
}  // namespace meterhouse

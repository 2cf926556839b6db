#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "store/contract/catalog_contract.h"
#include "store/contract/event_pages.h"

namespace meterhouse {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Instant kNoon = instant_from_epoch(1'740'052'800);
constexpr auto kMinute = Seconds{60};
constexpr auto kHour = Seconds{3'600};

Event event_of(std::string type, Instant at = kNoon, std::optional<std::uint32_t> meter = {}) {
  Event event{.at = at, .type = std::move(type), .message = "something happened"};
  if (meter) event.meter = MeterId::from_number(*meter);
  return event;
}

std::vector<std::int64_t> ids_of(const std::vector<Event>& events) {
  std::vector<std::int64_t> ids;
  for (const Event& event : events) ids.push_back(event.id);
  return ids;
}

TEST_P(CatalogContract, AnEmptyCatalogHasNoEvents) {
  for (const EventOrder order : {EventOrder::oldest_first, EventOrder::newest_first}) {
    const EventPage page = must(catalog().events({}, order, std::nullopt, 10));
    EXPECT_THAT(page.events, IsEmpty());
    EXPECT_FALSE(page.next);
    EXPECT_THAT(must(catalog().events({.from = kNoon, .to = kNoon + kHour}, order, std::nullopt, 10)).events,
                IsEmpty());
  }
  EXPECT_THAT(must(catalog().add_events({})), IsEmpty());
  EXPECT_EQ(must(catalog().drop_events(kLastInstant, 0)), 0u);
}

TEST_P(CatalogContract, KeepsEveryFieldOfAnEvent) {
  Event full = event_of("meter_reading", kLastInstant, MeterId::kMax);
  full.id = 77;  // not looked at
  full.message = "读数 \"O'Neill\"; --\n\t%_";
  full.fields = R"({"accepted":9990,"原因":"…"})";
  Event bare = event_of("", kFirstInstant);
  bare.message = "";
  const auto added = must(catalog().add_events({full, bare}));
  full.id = 1;
  bare.id = 2;
  EXPECT_THAT(added, ElementsAre(full, bare));
  for (int opened = 0; opened < 2; ++opened) {
    EXPECT_THAT(must(catalog().events({}, EventOrder::oldest_first, std::nullopt, 10)).events, ElementsAre(full, bare));
    EXPECT_THAT(must(catalog().events({}, EventOrder::newest_first, std::nullopt, 10)).events, ElementsAre(bare, full));
    place().reopen();
  }
}

TEST_P(CatalogContract, IdsAscendAndAreNeverGivenAgain) {
  EXPECT_THAT(ids_of(must(catalog().add_events({event_of("a"), event_of("b"), event_of("c")}))), ElementsAre(1, 2, 3));
  EXPECT_EQ(must(catalog().drop_events(kLastInstant, 0)), 3u);
  EXPECT_THAT(ids_of(must(catalog().add_events({event_of("a")}))), ElementsAre(4));
  EXPECT_EQ(must(catalog().drop_events(kLastInstant, 0)), 1u);
  place().reopen();
  EXPECT_THAT(ids_of(must(catalog().add_events({event_of("a"), event_of("b")}))), ElementsAre(5, 6));
}

TEST_P(CatalogContract, AnEventOutsideTimeIsRefusedWithItsWholeBatch) {
  for (const Instant at : {kFirstInstant - Seconds{1}, kLastInstant + Seconds{1}}) {
    EXPECT_EQ(code_of(catalog().add_events({event_of("good"), event_of("bad", at)})), Errc::invalid_argument);
    EXPECT_THAT(all_events(catalog(), {}, EventOrder::oldest_first, 10), IsEmpty());
  }
}

// Ids 1 to 8; before 6 the clock was set back by two hours.
std::vector<Event> a_day_with_the_clock_set_back() {
  return {event_of("system", kNoon - kHour),  // 1
          event_of("error", kNoon, 5),        // 2
          event_of("error", kNoon + kMinute, 5),
          event_of("system", kNoon + kMinute, 7),
          event_of("daily_jobs", kNoon + kHour + kMinute),
          event_of("system", kNoon - kHour + kMinute, 5),  // 6
          event_of("error", kNoon),
          event_of("error", kNoon + 30 * kHour)};
}

TEST_P(CatalogContract, EventsAreFilteredAndPagedBothWays) {
  must(catalog().add_events(a_day_with_the_clock_set_back()));
  struct Case {
    const char* name;
    EventFilter filter;
    std::vector<std::int64_t> expected;
  };
  const MeterId five = MeterId::from_number(5);
  const std::vector<Case> cases{
      {"no filter", {}, {1, 2, 3, 4, 5, 6, 7, 8}},
      {"one type", {.types = {"error"}}, {2, 3, 7, 8}},
      {"two types", {.types = {"system", "daily_jobs"}}, {1, 4, 5, 6}},
      {"a type twice", {.types = {"system", "system"}}, {1, 4, 6}},
      {"an unknown type beside", {.types = {"error", "no such"}}, {2, 3, 7, 8}},
      {"no pattern", {.types = {"%"}}, {}},
      {"meter", {.meter = five}, {2, 3, 6}},
      {"an unknown meter", {.meter = MeterId::from_number(6)}, {}},
      {"meter and type", {.types = {"error"}, .meter = five}, {2, 3}},
      {"meter and two types", {.types = {"error", "system"}, .meter = five}, {2, 3, 6}},
      {"from is in it", {.from = kNoon + kMinute}, {3, 4, 5, 8}},
      {"to is not", {.to = kNoon + kMinute}, {1, 2, 6, 7}},
      {"a span that the clock went through twice", {.from = kNoon - kHour, .to = kNoon + 1 * kMinute}, {1, 2, 6, 7}},
      {"a minute", {.from = kNoon, .to = kNoon + kMinute}, {2, 7}},
      {"an hour without events", {.from = kNoon + 5 * kHour, .to = kNoon + 6 * kHour}, {}},
      {"an empty span", {.from = kNoon, .to = kNoon}, {}},
      {"a span the wrong way round", {.from = kNoon + kHour, .to = kNoon - kHour}, {}},
      {"before all time", {.to = kFirstInstant - 10 * kHour}, {}},
      {"all time", {.from = kFirstInstant - kHour, .to = kLastInstant}, {1, 2, 3, 4, 5, 6, 7, 8}},
      {"everything", {.types = {"error", "system"}, .from = kNoon, .to = kNoon + kHour, .meter = five}, {2, 3}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    for (const std::size_t limit : {std::size_t{1}, std::size_t{2}, std::size_t{3}, EventCatalog::kMaxEventsPerPage}) {
      EXPECT_EQ(ids_of(all_events(catalog(), c.filter, EventOrder::oldest_first, limit)), c.expected);
      auto newest_first = ids_of(all_events(catalog(), c.filter, EventOrder::newest_first, limit));
      std::ranges::reverse(newest_first);
      EXPECT_EQ(newest_first, c.expected);
    }
  }
  EXPECT_FALSE(must(catalog().events({}, EventOrder::newest_first, std::nullopt, 8)).next);
  EXPECT_EQ(must(catalog().events({}, EventOrder::newest_first, std::nullopt, 7)).next, 2);
  EXPECT_EQ(must(catalog().events({}, EventOrder::oldest_first, std::nullopt, 7)).next, 7);
}

TEST_P(CatalogContract, SpansEndAtTheSecond) {
  for (const int offset : {-1, 0, 1}) must(catalog().add_events({event_of("system", kNoon + Seconds{offset})}));
  for (const int from : {-2, -1, 0, 1})
    for (const int to : {-1, 0, 1, 2}) {
      SCOPED_TRACE(fmt::format("from {} to {} s past the hour", from, to));
      const EventFilter filter{.from = kNoon + Seconds{from}, .to = kNoon + Seconds{to}};
      std::vector<std::int64_t> expected;
      for (int offset = std::max(-1, from); offset < std::min(2, to); ++offset) expected.push_back(offset + 2);
      EXPECT_EQ(ids_of(all_events(catalog(), filter, EventOrder::oldest_first, 1)), expected);
    }
  EXPECT_EQ(must(catalog().drop_events(kNoon, 10)), 1u);
  EXPECT_EQ(must(catalog().drop_events(kNoon + Seconds{1}, 10)), 1u);
}

TEST_P(CatalogContract, ACursorMayBeAnyId) {
  must(catalog().add_events(a_day_with_the_clock_set_back()));
  const auto page = [&](const EventFilter& filter, EventOrder order, std::int64_t cursor) {
    return ids_of(must(catalog().events(filter, order, cursor, 2)).events);
  };
  EXPECT_THAT(page({}, EventOrder::oldest_first, 0), ElementsAre(1, 2));
  EXPECT_THAT(page({}, EventOrder::oldest_first, 8), IsEmpty());
  EXPECT_THAT(page({}, EventOrder::newest_first, 1'000), ElementsAre(8, 7));
  EXPECT_THAT(page({}, EventOrder::newest_first, 1), IsEmpty());
  EXPECT_THAT(page({.from = kNoon, .to = kNoon + kHour}, EventOrder::newest_first, 1'000), ElementsAre(7, 4));
  EXPECT_THAT(page({.from = kNoon, .to = kNoon + kHour}, EventOrder::oldest_first, -5), ElementsAre(2, 3));
  EXPECT_EQ(must(catalog().drop_events(kFirstInstant, 3)), 5u);
  EXPECT_THAT(page({}, EventOrder::oldest_first, 4), ElementsAre(6, 7)) << "the event of the cursor is gone";
}

TEST_P(CatalogContract, DropsEventsByAgeAndByCount) {
  struct Case {
    const char* name;
    Instant before;
    std::uint64_t newest_kept;
    std::vector<std::int64_t> left;
  };
  for (const Case& c :
       {Case{"nothing", kFirstInstant, 8, {1, 2, 3, 4, 5, 6, 7, 8}},
        Case{"no count", kFirstInstant, ~std::uint64_t{0}, {1, 2, 3, 4, 5, 6, 7, 8}},
        Case{"count", kFirstInstant, 3, {6, 7, 8}},
        Case{"age, also behind the clock's step", kNoon, 8, {2, 3, 4, 5, 7, 8}},
        Case{"age just past", kNoon + Seconds{1}, 8, {3, 4, 5, 8}}, Case{"both", kNoon + Seconds{1}, 4, {5, 8}},
        Case{"all by age", kLastInstant, 8, {}}, Case{"all by count", kFirstInstant, 0, {}}}) {
    SCOPED_TRACE(c.name);
    auto events = a_day_with_the_clock_set_back();
    const std::int64_t before_first = must(catalog().add_events(events)).front().id - 1;
    EXPECT_EQ(must(catalog().drop_events(c.before, c.newest_kept)), events.size() - c.left.size());
    EXPECT_EQ(must(catalog().drop_events(c.before, c.newest_kept)), 0u);
    std::vector<std::int64_t> left;
    for (const std::int64_t id : ids_of(all_events(catalog(), {.from = kFirstInstant}, EventOrder::oldest_first, 3)))
      left.push_back(id - before_first);
    EXPECT_EQ(left, c.left);
    must(catalog().drop_events(kLastInstant, 0));
  }
}

TEST_P(CatalogContract, DropsMoreEventsThanFitIntoOneTransaction) {
  for (int i = 0; i < 3; ++i)
    must(catalog().add_events(
        std::vector<Event>(EventCatalog::kMaxEventsPerAdd, event_of("system", kNoon + i * kHour))));
  EXPECT_EQ(must(catalog().drop_events(kNoon + kHour, 15'000)), 15'000u);
  const auto oldest = must(catalog().events({}, EventOrder::oldest_first, std::nullopt, 1)).events;
  EXPECT_THAT(ids_of(oldest), ElementsAre(15'001));
  EXPECT_EQ(must(catalog().drop_events(kNoon + 2 * kHour, 15'000)), 5'000u);
  EXPECT_EQ(must(catalog().drop_events(kNoon + 2 * kHour, 9'999)), 1u);
}

// Whoever follows by the last id it saw misses nothing, although several write.
TEST_P(CatalogContract, AFollowerSeesEveryEventOnce) {
  constexpr int kWriters = 3;
  constexpr int kBatches = 20;
  std::atomic<int> writing{kWriters};
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer)
    writers.emplace_back([&] {
      for (int batch = 0; batch < kBatches; ++batch) {
        const auto added = catalog().add_events({event_of("a"), event_of("b"), event_of("c")});
        EXPECT_FALSE(code_of(added));
        if (added) {
          EXPECT_EQ(added->back().id, added->front().id + 2);
        }
      }
      --writing;
    });
  std::vector<std::int64_t> seen;
  for (bool more = true; more;) {
    more = writing > 0;  // once nobody writes any more, one last look
    const std::optional<std::int64_t> cursor = seen.empty() ? std::nullopt : std::optional{seen.back()};
    const auto page = must(catalog().events({}, EventOrder::oldest_first, cursor, EventCatalog::kMaxEventsPerPage));
    EXPECT_EQ(page.events.size() % 3, 0u) << "a batch is there as a whole";
    for (const Event& event : page.events) seen.push_back(event.id);
  }
  for (auto& writer : writers) writer.join();
  ASSERT_EQ(seen.size(), 3u * kWriters * kBatches);
  for (std::size_t i = 0; i < seen.size(); ++i) ASSERT_EQ(seen[i], static_cast<std::int64_t>(i + 1));
}

TEST_P(CatalogContract, AfterCloseEveryCallForEventsIsUnavailable) {
  must(catalog().close());
  EXPECT_EQ(code_of(catalog().add_events({event_of("a")})), Errc::unavailable);
  EXPECT_EQ(code_of(catalog().events({}, EventOrder::oldest_first, std::nullopt, 1)), Errc::unavailable);
  EXPECT_EQ(code_of(catalog().drop_events(kNoon, 0)), Errc::unavailable);
}

}  // namespace
}  // namespace meterhouse

#include "service/events/event_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "service/events/event_types.h"

namespace meterhouse {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Instant kNoon = instant_from_epoch(1'740'052'800);

Event event_of(std::string message, Instant at = kNoon) {
  return {.at = at, .type = "system", .message = std::move(message)};
}

std::vector<std::string> messages_in(const std::vector<Event>& events) {
  std::vector<std::string> messages;
  for (const Event& event : events) messages.push_back(event.message.substr(0, event.message.find(':')));
  return messages;
}

TEST(EventQueue, GivesWhatItGotInOrder) {
  EventQueue queue{3};
  EXPECT_THAT(queue.take(10).events, IsEmpty());
  for (const char* message : {"a", "b", "c"}) EXPECT_TRUE(queue.push(event_of(message)));
  EXPECT_TRUE(queue.full());
  EXPECT_THAT(messages_in(queue.take(2).events), ElementsAre("a", "b"));
  EXPECT_TRUE(queue.push(event_of("d")));
  EXPECT_THAT(messages_in(queue.take(2).events), ElementsAre("c", "d"));
  EXPECT_EQ(queue.size(), 0u);
}

TEST(EventQueue, WhatWasDroppedBecomesAnEventInItsPlace) {
  EventQueue queue{2};
  (void)queue.push(event_of("a"));
  (void)queue.push(event_of("b"));
  EXPECT_FALSE(queue.push(event_of("lost", kNoon + Seconds{5})));
  EXPECT_FALSE(queue.push(event_of("lost, too", kNoon + Seconds{6})));
  EXPECT_EQ(queue.size(), 3u);
  EXPECT_THAT(messages_in(queue.take(1).events), ElementsAre("a"));
  EXPECT_TRUE(queue.push(event_of("c")));
  EXPECT_FALSE(queue.push(event_of("lost again")));
  const auto events = queue.take(10).events;
  EXPECT_THAT(messages_in(events), ElementsAre("b", "2 events dropped", "c", "1 events dropped"));
  EXPECT_EQ(events[1].type, event_type::kSystem);
  EXPECT_EQ(events[1].at, kNoon + Seconds{5}) << "when the first was";
  EXPECT_EQ(events[1].fields, R"({"dropped":2})");
  EXPECT_THAT(queue.take(10).events, IsEmpty());
}

TEST(EventQueue, TheEventOfThoseDroppedFitsIntoNoLargerBatch) {
  EventQueue queue{2};
  for (const char* message : {"a", "b", "lost"}) (void)queue.push(event_of(message));
  EXPECT_THAT(messages_in(queue.take(2).events), ElementsAre("a", "b"));
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_THAT(messages_in(queue.take(2).events), ElementsAre("1 events dropped"));
  EXPECT_EQ(queue.size(), 0u);
}

TEST(EventQueue, KnowsWhichItHasGivenBefore) {
  EventQueue queue{2};
  (void)queue.push(event_of("a"));
  EXPECT_THAT(messages_in(queue.unshown()), ElementsAre("a"));
  (void)queue.push(event_of("b"));
  (void)queue.push(event_of("lost"));
  EXPECT_THAT(messages_in(queue.unshown()), ElementsAre("b"));
  EXPECT_THAT(queue.unshown(), IsEmpty());
  EXPECT_EQ(queue.take(1).shown, 1u);
  const auto rest = queue.take(10);
  EXPECT_THAT(messages_in(rest.events), ElementsAre("b", "1 events dropped"));
  EXPECT_EQ(rest.shown, 1u) << "that some were dropped is told when it is taken";
}

TEST(ReadingTally, TellsWhatWasCountedOnce) {
  ReadingTally tally;
  EXPECT_FALSE(tally.take(kNoon));
  tally.add({.accepted = 9'990, .duplicate = 5, .conflict = 1}, 4);
  tally.add({.pending = 20}, 0);
  const auto event = tally.take(kNoon);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->at, kNoon);
  EXPECT_EQ(event->type, event_type::kMeterReading);
  EXPECT_EQ(event->message, "9990 accepted, 5 duplicate, 1 conflict, 20 pending, 4 rejected in 2 requests");
  EXPECT_EQ(event->fields, R"({"accepted":9990,"duplicate":5,"conflict":1,"pending":20,"rejected":4,"requests":2})");
  EXPECT_FALSE(tally.take(kNoon));
  tally.add({}, 1);
  EXPECT_EQ(tally.take(kNoon)->message, "0 accepted, 0 duplicate, 0 conflict, 0 pending, 1 rejected in 1 request");
}

TEST(ReadingTally, CountsOfManyThreadsAreAllThereOnce) {
  ReadingTally tally;
  constexpr int kThreads = 4;
  constexpr int kRequests = 2'000;
  std::uint64_t accepted = 0;
  std::uint64_t requests = 0;
  const auto take = [&] {
    const auto event = tally.take(kNoon);
    if (!event) return;
    const auto number = [&](std::string_view name) {
      return std::stoull(event->fields.substr(event->fields.find(name) + name.size()));
    };
    accepted += number(R"("accepted":)");
    requests += number(R"("requests":)");
  };
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread)
    threads.emplace_back([&] {
      for (int i = 0; i < kRequests; ++i) tally.add({.accepted = 3}, 1);
    });
  while (requests < kThreads * kRequests) take();
  for (auto& thread : threads) thread.join();
  take();
  EXPECT_EQ(requests, std::uint64_t{kThreads * kRequests});
  EXPECT_EQ(accepted, std::uint64_t{kThreads * kRequests * 3});
}

}  // namespace
}  // namespace meterhouse

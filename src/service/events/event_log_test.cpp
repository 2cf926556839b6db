#include "service/events/event_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/temporary_directory.h"
#include "store/contract/event_pages.h"
#include "store/contract/must.h"
#include "store/sqlite/sqlite_catalog.h"

namespace meterhouse {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Instant kNoon = instant_from_epoch(1'740'052'800);
constexpr std::chrono::hours kNever{10'000};  // only a full batch, a flush or a close makes the writer write

// A catalog whose writes wait at a gate, fail when told, and are counted.
class GatedCatalog final : public EventCatalog {
 public:
  explicit GatedCatalog(EventCatalog& catalog) : catalog_(catalog) {}

  Result<std::vector<Event>> add_events(std::vector<Event> events) override {
    std::unique_lock lock{mutex_};
    sizes_.push_back(events.size());
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    if (failing_) return Error{Errc::no_space, "the disk is full"};
    return catalog_.add_events(std::move(events));
  }
  Result<EventPage> events(const EventFilter& filter, EventOrder order, std::optional<std::int64_t> cursor,
                           std::size_t limit) const override {
    return catalog_.events(filter, order, cursor, limit);
  }
  Result<std::uint64_t> drop_events(Instant before, std::uint64_t newest_kept) override {
    return catalog_.drop_events(before, newest_kept);
  }

  void set_open(bool open) {
    const std::scoped_lock lock{mutex_};
    open_ = open;
    changed_.notify_all();
  }
  void set_failing(bool failing) {
    const std::scoped_lock lock{mutex_};
    failing_ = failing;
  }
  // How many events each call brought, once there were that many calls.
  std::vector<std::size_t> sizes_after(std::size_t calls) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return sizes_.size() >= calls; });
    return sizes_;
  }

 private:
  EventCatalog& catalog_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
  bool failing_ = false;
  std::vector<std::size_t> sizes_;
};

class NotingSink final : public EventSink {
 public:
  void write(const Event& event) override { messages.push_back(event.message); }
  std::vector<std::string> messages;
};

class EventLogTest : public testing::Test {
 protected:
  std::unique_ptr<EventLog> log_with(std::size_t queued_events_max = EventLog::kMaxQueuedEvents) {
    auto log = log_without_catalog(queued_events_max);
    log->begin(gated_);
    return log;
  }
  std::unique_ptr<EventLog> log_without_catalog(std::size_t queued_events_max = EventLog::kMaxQueuedEvents) {
    return std::make_unique<EventLog>(clock_, EventLog::Options{.queued_events_max = queued_events_max,
                                                                .write_interval = kNever,
                                                                .sink = &sink_,
                                                                .listed_per_second_max = 1'000'000});
  }
  static void record_many(EventLog& log, std::size_t count, std::string_view message = "happened") {
    for (std::size_t i = 0; i < count; ++i) log.record(event_type::kSystem, message);
  }
  std::vector<Event> all() { return all_events(*catalog_, {}, EventOrder::oldest_first, 1'000); }
  std::vector<std::string> messages() {
    std::vector<std::string> messages;
    for (const Event& event : all()) messages.push_back(event.message);
    return messages;
  }

  TemporaryDirectory directory_;
  ManualClock clock_{kNoon};
  std::unique_ptr<SqliteCatalog> catalog_ = must(SqliteCatalog::open(directory_.path() + "/catalog.sqlite", clock_));
  GatedCatalog gated_{*catalog_};
  NotingSink sink_;
};

TEST_F(EventLogTest, WhatIsRecordedIsInTheCatalogOnceFlushed) {
  const auto log = log_with();
  log->record(event_type::kSystem, "started");
  clock_.advance(Seconds{5});
  log->record(event_type::kRegistration, "电表 registered", R"({"area":"Bishan"})", MeterId::from_number(7));
  must(log->flush());
  const Event first{.id = 1, .at = kNoon, .type = "system", .message = "started"};
  const Event second{
      2, kNoon + Seconds{5}, "registration", MeterId::from_number(7), "电表 registered", R"({"area":"Bishan"})"};
  EXPECT_THAT(all(), ElementsAre(first, second));
  EXPECT_THAT(sink_.messages, ElementsAre("started", "电表 registered"));
  EXPECT_EQ(log->stats().written, 2u);
  must(log->flush());
  EXPECT_EQ(gated_.sizes_after(1).size(), 1u) << "nothing to write, nothing written";
}

TEST_F(EventLogTest, WhatAnEventSaysIsBoundedAndPrintable) {
  const auto log = log_with();
  log->record(event_type::kError, "a\x1B[31m \xFF");
  log->record(event_type::kError, std::string(EventLog::kMaxMessageBytes, 'x'));
  log->record(event_type::kError, std::string(EventLog::kMaxMessageBytes + 1, 'x'));
  const std::string longest = R"({"a":")" + std::string(EventLog::kMaxFieldsBytes - 8, 'x') + R"("})";
  log->record(event_type::kError, "longest", longest);
  log->record(event_type::kError, "longer", longest + " ");
  log->record(event_type::kError, "no UTF-8", "{\"a\":\"\xC3\"}");
  must(log->flush());
  const auto events = all();
  ASSERT_EQ(events.size(), 6u);
  EXPECT_EQ(events[0].message, "a\\x1B[31m \\xFF");
  EXPECT_EQ(events[1].message, std::string(EventLog::kMaxMessageBytes, 'x'));
  EXPECT_EQ(events[2].message, std::string(EventLog::kMaxMessageBytes, 'x') + "…");
  EXPECT_EQ(events[3].fields, longest);
  EXPECT_EQ(events[4].fields, R"({"fields_left_out_bytes":16385})");
  EXPECT_EQ(events[5].fields, R"({"fields_left_out_bytes":9})");
}

TEST_F(EventLogTest, CloseLosesNothingThatWasTaken) {
  auto log = log_with();
  record_many(*log, 2'500);
  log->count_readings({.accepted = 5}, 0);
  must(log->close());
  must(log->close());
  EXPECT_EQ(all().size(), 2'501u);
  log->record(event_type::kSystem, "too late");
  log->count_readings({.accepted = 5}, 0);
  must(log->flush());
  EXPECT_EQ(all().size(), 2'501u);
  log = log_with();
  record_many(*log, 3);
  log.reset();
  EXPECT_EQ(all().size(), 2'504u) << "its end closes it";
}

TEST_F(EventLogTest, ABatchIsWrittenWhenItIsFullAndNotSooner) {
  const auto log = log_with();
  record_many(*log, EventLog::kBatchEvents);
  EXPECT_THAT(gated_.sizes_after(1), ElementsAre(EventLog::kBatchEvents));
  record_many(*log, EventLog::kBatchEvents - 1);
  must(log->flush());
  EXPECT_THAT(gated_.sizes_after(2), ElementsAre(EventLog::kBatchEvents, EventLog::kBatchEvents - 1));
}

TEST_F(EventLogTest, ThatItWritesByItselfNeedsNoFlush) {
  EventLog log{clock_, {.write_interval = std::chrono::milliseconds{1}}};
  log.begin(gated_);
  log.record(event_type::kSystem, "started");
  EXPECT_EQ(gated_.sizes_after(1).size(), 1u);
}

TEST_F(EventLogTest, WhatThereIsNoRoomForIsCountedAndTold) {
  const auto log = log_with(2'000);
  gated_.set_open(false);
  record_many(*log, EventLog::kBatchEvents, "first");
  (void)gated_.sizes_after(1);  // the writer waits at the gate, the queue is empty
  record_many(*log, 2'000, "second");
  record_many(*log, 7, "lost");
  EXPECT_EQ(log->stats().dropped, 7u);
  EXPECT_EQ(log->stats().waiting, 2'001u);
  gated_.set_open(true);
  must(log->flush());
  record_many(*log, 1, "third");
  must(log->flush());
  const auto events = messages();
  ASSERT_EQ(events.size(), 3'002u);
  EXPECT_EQ(events[999], "first");
  EXPECT_EQ(events[2'999], "second");
  EXPECT_THAT(events[3'000], HasSubstr("7 events dropped"));
  EXPECT_EQ(events[3'001], "third");
}

TEST_F(EventLogTest, WhileTheCatalogCannotBeWrittenEventsWait) {
  const auto log = log_with();
  gated_.set_failing(true);
  record_many(*log, 1, "before");
  EXPECT_EQ(code_of(log->flush()), Errc::no_space);
  EXPECT_TRUE(log->stats().failing);
  record_many(*log, 1, "meanwhile");
  log->count_readings({.accepted = 3}, 0);
  EXPECT_EQ(code_of(log->flush()), Errc::no_space);
  EXPECT_THAT(sink_.messages,
              ElementsAre("before", HasSubstr("the disk is full"), "meanwhile", HasSubstr("3 accepted")))
      << "told once, and the sink gets what the catalog does not";
  clock_.advance(Seconds{12});
  gated_.set_failing(false);
  must(log->flush());
  must(log->flush());
  EXPECT_FALSE(log->stats().failing);
  EXPECT_THAT(messages(), ElementsAre("before", "meanwhile", HasSubstr("3 accepted"),
                                      "for 12 s no event could be written; they waited"));
  EXPECT_THAT(sink_.messages, ElementsAre("before", HasSubstr("the disk is full"), "meanwhile", HasSubstr("3 accepted"),
                                          HasSubstr("for 12 s")));
}

TEST_F(EventLogTest, BeforeThereIsACatalogEventsAreShownAndWait) {
  const auto log = log_without_catalog();
  record_many(*log, 1, "starting");
  EXPECT_EQ(code_of(log->flush()), Errc::unavailable);
  EXPECT_THAT(sink_.messages, ElementsAre("starting"));
  record_many(*log, 1, "started");
  log->begin(gated_);
  must(log->flush());
  EXPECT_THAT(messages(), ElementsAre("starting", "started"));
  EXPECT_THAT(sink_.messages, ElementsAre("starting", "started")) << "each once";
}

TEST_F(EventLogTest, AfterTheCatalogIsClosedTheSinkGetsThem) {
  const auto log = log_with();
  must(log->close());
  log->record(event_type::kSystem, "stopped");
  log->say(event_type::kSystem, "ending");
  EXPECT_THAT(sink_.messages, ElementsAre("stopped", "ending"));
  EXPECT_THAT(all(), IsEmpty());
}

TEST_F(EventLogTest, OfATypeOnlySoManyAreListedASecond) {
  EventLog log{clock_, {.write_interval = kNever, .listed_per_second_max = 3}};
  log.begin(gated_);
  for (int i = 0; i < 8; ++i) log.record(event_type::kQueryError, fmt::format("query {}", i));
  record_many(log, 3, "system");
  clock_.advance(Seconds{1});
  log.record(event_type::kQueryError, "the next second");
  must(log.flush());
  EXPECT_THAT(messages(), ElementsAre("query 0", "query 1", "query 2", "system", "system", "system",
                                      "5 more events of this type in this second are not listed", "the next second"));
  record_many(log, 4, "system again");
  must(log.flush());
  EXPECT_EQ(all().back().fields, R"({"not_listed":1})") << "told at the latest when it is flushed";
}

TEST_F(EventLogTest, ACloseThatCannotWriteGivesTheSinkEverything) {
  const auto log = log_with();
  gated_.set_failing(true);
  record_many(*log, 1'500);
  EXPECT_EQ(code_of(log->close()), Errc::no_space);
  EXPECT_THAT(all(), IsEmpty());
  ASSERT_EQ(sink_.messages.size(), 1'502u) << "each once, and two about them";
  EXPECT_THAT(sink_.messages.back(), HasSubstr("1500 events are not in the catalog"));
}

TEST_F(EventLogTest, ReadingsAreOneEventASecond) {
  const auto log = log_with();
  const auto pass = [&](std::size_t calls) {  // the writer comes by, as it does when its time is up
    log->count_readings({.accepted = 10}, 1);
    log->count_readings({.accepted = 5}, 0);
    record_many(*log, EventLog::kBatchEvents);
    return gated_.sizes_after(calls);
  };
  EXPECT_THAT(pass(2), ElementsAre(1'000, 1));
  EXPECT_THAT(pass(3), ElementsAre(1'000, 1, 1'000)) << "the second is not over";
  clock_.advance(Seconds{1});
  EXPECT_THAT(pass(5), ElementsAre(1'000, 1, 1'000, 1'000, 1));
  must(log->flush());
  const auto readings = all_events(*catalog_, {.types = {"meter_reading"}}, EventOrder::oldest_first, 10);
  ASSERT_EQ(readings.size(), 2u);
  EXPECT_EQ(readings[0].fields, R"({"accepted":15,"duplicate":0,"conflict":0,"pending":0,"rejected":1,"requests":2})");
  EXPECT_EQ(readings[1].fields, R"({"accepted":30,"duplicate":0,"conflict":0,"pending":0,"rejected":2,"requests":4})");
}

TEST_F(EventLogTest, WhoFollowsHearsOfEventsThatAreInTheCatalog) {
  const auto log = log_with();
  const auto errors = must(log->follow({.types = {"error"}}));
  log->record(event_type::kSystem, "started");
  must(log->flush());
  EXPECT_FALSE(errors->take_news());
  log->record(event_type::kError, "failed");
  EXPECT_FALSE(errors->take_news());
  must(log->flush());
  EXPECT_TRUE(errors->take_news());
  EXPECT_EQ(all().back().message, "failed");
}

TEST_F(EventLogTest, TrimsByAgeAndCount) {
  const auto log = log_with();
  for (int hour = 0; hour < 6; ++hour) {
    log->record(event_type::kSystem, fmt::format("hour {}", hour));
    clock_.advance(std::chrono::hours{1});
  }
  must(log->flush());
  EXPECT_EQ(must(log->trim(std::chrono::hours{4}, 100)), 2u);
  EXPECT_EQ(must(log->trim(std::chrono::hours{4}, 3)), 1u);
  EXPECT_EQ(must(log->trim(std::chrono::hours{24 * 365 * 100}, 3)), 0u);
  EXPECT_THAT(messages(), ElementsAre("hour 3", "hour 4", "hour 5"));
}

TEST_F(EventLogTest, AFloodDoesNotMakeTheCatalogGrow) {
  EventLog log{clock_, {.listed_per_second_max = 1'000'000, .kept_max = 500}};
  log.begin(*catalog_);
  std::size_t most = 0;
  for (int i = 0; i < 60; ++i) {
    record_many(log, 50);
    must(log.flush());
    most = std::max(most, all().size());
  }
  EXPECT_GE(all().size(), 500u);
  EXPECT_LE(most, 500u + 500u / 10 + 50u) << "a tenth more, and the batch that came with it";
}

TEST_F(EventLogTest, ManyThreadsLoseNothingAndKeepTheirOrder) {
  constexpr int kThreads = 4;
  constexpr int kEvents = 1'500;
  EventLog log{clock_, {.write_interval = std::chrono::milliseconds{1}, .listed_per_second_max = 1'000'000}};
  log.begin(*catalog_);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread)
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kEvents; ++i) {
        log.record(event_type::kSystem, fmt::format("{}", i), "{}",
                   MeterId::from_number(static_cast<std::uint32_t>(thread)));
        if (i % 500 == 0) {
          EXPECT_FALSE(code_of(log.flush()));
        }
      }
    });
  for (auto& thread : threads) thread.join();
  must(log.flush());
  for (int thread = 0; thread < kThreads; ++thread) {
    const EventFilter filter{.meter = MeterId::from_number(static_cast<std::uint32_t>(thread))};
    const auto events = all_events(*catalog_, filter, EventOrder::oldest_first, 1'000);
    ASSERT_EQ(events.size(), static_cast<std::size_t>(kEvents));
    for (int i = 0; i < kEvents; ++i) ASSERT_EQ(events[static_cast<std::size_t>(i)].message, fmt::format("{}", i));
  }
  EXPECT_EQ(log.stats().dropped, 0u);
}

}  // namespace
}  // namespace meterhouse

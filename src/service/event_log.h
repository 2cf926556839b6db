#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "service/event_feed.h"
#include "service/event_queue.h"
#include "service/event_sink.h"
#include "service/event_types.h"
#include "store/catalog_events.h"

namespace meterhouse {

// What happens in the program, for those who run it: written to the catalog and to a sink (stdout), and handed to those
// who follow it live. One thread writes, in batches; whoever records waits for nothing but a short lock.
// While the catalog cannot be written (the disk is full), events wait, bounded, and are written when it can be again;
// the sink is told. What there is no room for is dropped and counted, and the count becomes an event itself.
//   threads  any
class EventLog {
 public:
  static constexpr std::size_t kMaxQueuedEvents = 10'000;
  static constexpr std::size_t kBatchEvents = 1'000;
  static constexpr std::chrono::milliseconds kWriteInterval{200};
  static constexpr std::size_t kMaxMessageBytes = 4'096;
  static constexpr std::size_t kMaxFieldsBytes = 16'384;

  struct Options {
    std::size_t queued_events_max = kMaxQueuedEvents;
    // One transaction in this time, and one for each kBatchEvents that come sooner.
    std::chrono::milliseconds write_interval = kWriteInterval;
    EventSink* sink = nullptr;  // null: none
  };

  // All outlive the log, the sink in the options too.
  EventLog(EventCatalog& catalog, const Clock& clock) : EventLog(catalog, clock, Options{}) {}
  EventLog(EventCatalog& catalog, const Clock& clock, Options options);
  ~EventLog();  // closes
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  // Takes an event, with the time it is now; never waits for the disk.
  //   type     one of event_types.h
  //   message  a sentence; control characters and what is no UTF-8 become \xNN,
  //            what is longer than kMaxMessageBytes is cut
  //   fields   a JSON object as text; one over kMaxFieldsBytes, or that is no UTF-8, is left out
  //            and the event says so
  void record(std::string_view type, std::string_view message, std::string fields = "{}",
              std::optional<MeterId> meter = {});

  // Counts what came of the readings of one request; about once a second the counts become one event.
  void count_readings(const AppendCounts& counts, std::uint64_t rejected) { tally_.add(counts, rejected); }

  // Returns when everything taken or counted before the call is in the catalog.
  //   errors  of the catalog: what could not be written waits on
  Status flush();

  // Follows the events written from now on. As EventFeed::follow.
  Result<std::shared_ptr<EventFollower>> follow(EventFilter filter, std::function<void()> wake) {
    return feed_.follow(std::move(filter), std::move(wake));
  }

  // Drops written events that are older than `age`, and of the rest all but the newest `count`. How many were dropped.
  //   errors  of the catalog
  Result<std::uint64_t> trim(Seconds age, std::uint64_t count);

  struct Stats {
    std::uint64_t written = 0;  // since the start
    std::uint64_t dropped = 0;
    std::size_t waiting = 0;
    bool failing = false;  // the last attempt to write failed
  };
  Stats stats() const;

  // Writes what was taken and ends; from then on record() and count_readings() have no effect. Called again it gives
  // the same answer.
  //   errors  of the catalog: what could not be written is lost, and the sink is told how much
  Status close();

 private:
  struct State {
    explicit State(std::size_t capacity) : queue(capacity) {}
    EventQueue queue;
    Stats stats;
    Instant tallied_at = {};
    std::uint64_t flushes_wanted = 0;
    std::uint64_t flushes_done = 0;
    Status last_flush;  // what the newest one done came to
    bool closing = false;
    bool closed = false;
  };
  enum class Pass : std::uint8_t { timed, forced };

  void run();
  Status write_pass(Pass pass);
  std::size_t collect(Pass pass);
  void take_batch();
  void written(const std::vector<Event>& events);
  void failed(const Error& error);
  void give_up(const Error& error);
  void tell_sink(std::string message);

  EventCatalog& catalog_;
  const Clock& clock_;
  const Options options_;
  ReadingTally tally_;
  EventFeed feed_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;  // the writer
  std::condition_variable done_;  // who waits for a flush
  State state_;                   // under mutex_
  // The writer's alone: taken from the queue and not in the catalog yet, and since when the catalog cannot be written.
  std::vector<Event> batch_;
  std::optional<Instant> failing_since_;
  std::once_flag close_once_;
  std::thread writer_;
};

}  // namespace meterhouse

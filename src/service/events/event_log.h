#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "service/events/event_feed.h"
#include "service/events/event_queue.h"
#include "service/events/event_sink.h"
#include "service/events/event_types.h"
#include "store/catalog_events.h"

namespace meterhouse {

// What happens in the program, for those who run it: written to the catalog and to a sink (stdout), and handed to those
// who follow it live. One thread writes, in batches; whoever records waits for nothing but a short lock.
// Before there is a catalog (the program starts) and while it cannot be written (the disk is full), events wait,
// bounded, and are written when it can be; the sink gets them all the same, each once. What there is no room for is
// dropped and counted, and the count becomes an event itself. Of one type only so many are listed a second: a flood
// from outside must not push out of the catalog what happened before; how many more there were is an event.
//   threads  any
class EventLog {
 public:
  static constexpr std::size_t kMaxQueuedEvents = 10'000;
  static constexpr std::size_t kBatchEvents = 1'000;
  static constexpr std::chrono::milliseconds kWriteInterval{200};
  static constexpr std::uint64_t kMaxListedPerSecond = 100;
  static constexpr std::size_t kMaxMessageBytes = 4'096;
  static constexpr std::size_t kMaxFieldsBytes = 16'384;

  struct Options {
    std::size_t queued_events_max = kMaxQueuedEvents;
    // One transaction in this time, and one for each kBatchEvents that come sooner.
    std::chrono::milliseconds write_interval = kWriteInterval;
    EventSink* sink = nullptr;  // null: none
    std::uint64_t listed_per_second_max = kMaxListedPerSecond;
    // The newest that are kept however many come: whenever a tenth of this was written, the oldest go. 0: all.
    std::uint64_t kept_max = 0;
  };

  // Clock and sink outlive the log.
  explicit EventLog(const Clock& clock) : EventLog(clock, Options{}) {}
  EventLog(const Clock& clock, Options options);
  ~EventLog();  // closes
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  // From now on events are kept in the catalog, those that wait too. Once; it lives until close().
  void begin(EventCatalog& catalog);

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

  // To the sink alone, at once, on the calling thread: for a process that ends here.
  void say(std::string_view type, std::string_view message);

  // Returns when everything taken or counted before the call is in the catalog, and the sink has it.
  //   errors  of the catalog: what could not be written waits on; unavailable: there is none yet
  Status flush();

  // Follows the events written from now on. As EventFeed::follow.
  Result<std::shared_ptr<EventFollower>> follow(EventFilter filter) { return feed_.follow(std::move(filter)); }

  // Drops written events that are older than `age`, and of the rest all but the newest `count`. How many were dropped.
  // After begin(). errors  of the catalog
  Result<std::uint64_t> trim(Seconds age, std::uint64_t count);

  struct Stats {
    std::uint64_t written = 0;  // since the start
    std::uint64_t dropped = 0;
    std::size_t waiting = 0;
    bool failing = false;  // the last attempt to write failed
    std::size_t followers = 0;
  };
  Stats stats() const;

  // Writes what was taken and ends with the catalog; what is recorded from then on goes to the sink alone. Called again
  // it gives the same answer.
  //   errors  of the catalog: what could not be written is lost, and the sink is told how much; unavailable: there was
  //           none
  Status close();

 private:
  // Of one type, in the second of its newest event.
  struct Listed {
    Instant second = {};
    std::uint64_t count = 0;
    std::uint64_t more = 0;  // that are not listed
  };
  struct State {
    explicit State(std::size_t capacity) : queue(capacity) {}
    EventQueue queue;
    EventCatalog* catalog = nullptr;
    std::map<std::string, Listed, std::less<>> listed;  // by type
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
  Event event_of(std::string_view type, std::string_view message) const;
  bool may_list(const Event& event);                      // under mutex_
  void note_more(std::string_view type, Listed& listed);  // under mutex_
  Status write_pass(Pass pass, EventCatalog* catalog);
  std::size_t collect(Pass pass);
  void take_batch();
  void show_waiting();
  void show(std::span<const Event> events);
  void written(const std::vector<Event>& events);
  void trim_where_many(EventCatalog& catalog, std::uint64_t count);
  void failed(const Error& error);
  void give_up(const Error& error);

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
  std::uint64_t written_since_trim_ = 0;
  std::optional<Instant> failing_since_;
  std::once_flag close_once_;
  std::thread writer_;
};

}  // namespace meterhouse

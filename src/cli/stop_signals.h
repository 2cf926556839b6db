#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "service/events/event_log.h"

namespace meterhouse::cli {

// SIGTERM and SIGINT, taken by a thread of their own. The first one asks the program to stop in good order. Before
// begin_service(), and at a second one, the process ends at once: that is as safe as a crash, which loses nothing that
// was acknowledged.
//   threads  made and destroyed by one, before and after all others; the rest: any
class StopSignals {
 public:
  // Blocks the signals in this thread and in every one that it starts. First of all: before there is another thread.
  static void block();

  // The log outlives it.
  explicit StopSignals(EventLog& events);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // From now on there is something to finish in good order: the first signal no longer ends the process.
  void begin_service() { serving_ = true; }

  bool requested() const { return requested_ != 0; }
  // Waits for the first; its number.
  int wait();
  // As a signal would: for a program that cannot go on.
  void request();

 private:
  void run();
  void take(int signal);

  EventLog& events_;
  std::atomic<bool> serving_ = false;
  std::atomic<int> requested_ = 0;
  std::atomic<bool> ending_ = false;
  std::mutex mutex_;
  std::condition_variable came_;
  std::thread thread_;  // last: it uses the others
};

}  // namespace meterhouse::cli

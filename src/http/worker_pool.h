#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace meterhouse {

// Threads for what waits for the disk, so that I/O threads never do. The queue is bounded: past kWorkerQueueMax the
// caller answers 503 instead of letting requests pile up.
inline constexpr std::size_t kWorkerQueueMax = 1'024;

class WorkerPool {
 public:
  explicit WorkerPool(int threads);
  ~WorkerPool();  // finishes what is queued

  // false: the queue is full, `work` will not run. Any thread.
  bool try_submit(std::function<void()> work);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace meterhouse

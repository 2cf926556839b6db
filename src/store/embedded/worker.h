#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace meterhouse {

// Runs tasks one after the other on a thread of its own. Any thread may post.
class Worker {
 public:
  Worker() : thread_([this] { run(); }) {}
  // Waits for the running task; those not begun are dropped.
  ~Worker() {
    {
      const std::scoped_lock lock{mutex_};
      stopping_ = true;
    }
    ready_.notify_one();
    thread_.join();
  }

  void post(std::function<void()> task) {
    {
      const std::scoped_lock lock{mutex_};
      tasks_.push_back(std::move(task));
    }
    ready_.notify_one();
  }

 private:
  void run() {
    for (;;) {
      std::unique_lock lock{mutex_};
      ready_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
      if (stopping_) return;
      const auto task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
    }
  }

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace meterhouse

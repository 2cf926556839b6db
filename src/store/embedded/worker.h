#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace meterhouse {

// Runs tasks one after the other, in the order they were posted, on a thread of its own. Any thread may post.
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

  // No task waits or runs. Where one thread alone posts, it stays so until that one posts again.
  bool idle() {
    const std::scoped_lock lock{mutex_};
    return tasks_.empty() && !running_;
  }
  void wait_idle() {
    std::unique_lock lock{mutex_};
    done_.wait(lock, [this] { return tasks_.empty() && !running_; });
  }

 private:
  void run() {
    for (;;) {
      std::unique_lock lock{mutex_};
      ready_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
      if (stopping_) return;
      auto task = std::move(tasks_.front());
      tasks_.pop_front();
      running_ = true;
      lock.unlock();
      task();
      task = nullptr;  // what it holds is let go of before the lock is taken
      lock.lock();
      running_ = false;
      if (tasks_.empty()) done_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> tasks_;
  std::condition_variable done_;
  bool running_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace meterhouse

#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

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

  // Runs it once, after the delay, where no task waits then; in place of one that was to run later already.
  void post_later(std::chrono::milliseconds delay, std::function<void()> task) {
    {
      const std::scoped_lock lock{mutex_};
      later_ = std::move(task);
      later_delay_ = delay;
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
      const auto due = [this] { return stopping_ || !tasks_.empty(); };
      if (!later_)
        ready_.wait(lock, [&] { return due() || later_; });
      else if (!ready_.wait_for(lock, later_delay_, due))
        tasks_.push_back(std::exchange(later_, nullptr));
      if (stopping_) return;
      if (tasks_.empty()) continue;
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
  std::function<void()> later_;  // null: none
  std::chrono::milliseconds later_delay_{};
  std::condition_variable done_;
  bool running_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace meterhouse

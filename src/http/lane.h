#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>

#include "http/server.h"

namespace meterhouse {

using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, IoExecutor>;
using SteadyTime = std::chrono::steady_clock::time_point;
using LaneTimer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                    boost::asio::wait_traits<std::chrono::steady_clock>, IoExecutor>;

struct ServerCounters {
  std::atomic<std::uint64_t> open = 0;
  std::atomic<std::uint64_t> total = 0;
  std::atomic<std::uint64_t> over_cap = 0;
  std::atomic<std::uint64_t> refused = 0;
  std::atomic<std::uint64_t> answers_refused = 0;
  std::atomic<std::uint64_t> timeouts = 0;
};

// What a lane may do to a connection from outside its coroutine; both on the lane's thread.
class LaneMember : public boost::intrusive::list_base_hook<> {
 public:
  SteadyTime deadline = SteadyTime::max();  // while waiting for the client; max: not waiting
  virtual void look() = 0;                  // a few times a second
  virtual void expire() = 0;                // the deadline has passed
  virtual void request_stop() = 0;          // finish the request in flight, then close
  virtual void close_now() = 0;

 protected:
  ~LaneMember() = default;
};

// One I/O thread: its io_context and the connections that live on it. Deadlines are looked at in a sweep a few times a
// second instead of arming a timer for every read: cheaper, and none of them needs more precision.
class Lane {
 public:
  Lane(const ServerOptions& options, Application& application, const Clock& clock, ServerCounters& counters,
       Budget& held_answers);

  boost::asio::io_context& context() { return context_; }
  const ServerOptions& options() const { return options_; }
  Application& application() { return application_; }
  ServerCounters& counters() { return counters_; }
  Budget& held_answers() { return held_answers_; }
  std::string_view date();  // for the Date header, made once a second

  void run();  // until stop() and the last connection's end
  // From any thread.
  void stop();

  // On the lane's thread:
  void enter(LaneMember& member);
  void leave(LaneMember& member);
  bool stopping() const { return stopping_; }
  SteadyTime now() const { return std::chrono::steady_clock::now(); }

 private:
  void sweep_later();
  void sweep();

  const ServerOptions& options_;
  Application& application_;
  const Clock& clock_;
  ServerCounters& counters_;
  Budget& held_answers_;
  boost::asio::io_context context_;
  LaneTimer sweep_timer_;
  boost::intrusive::list<LaneMember> members_;
  bool stopping_ = false;
  SteadyTime kill_at_ = SteadyTime::max();
  Instant date_second_{};
  std::string date_;
};

}  // namespace meterhouse

#include "cli/stop_signals.h"

#include <pthread.h>
#include <unistd.h>

#include <csignal>

#include "cli/command.h"
#include "service/events/event_types.h"

namespace meterhouse::cli {
namespace {

// Wakes the thread when the object goes. A process gets it from nobody else.
constexpr int kWake = SIGUSR2;

sigset_t taken_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, kWake}) sigaddset(&signals, signal);
  return signals;
}

const char* name_of(int signal) { return signal == SIGINT ? "SIGINT" : "SIGTERM"; }

}  // namespace

void StopSignals::block() {
  const sigset_t signals = taken_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

StopSignals::StopSignals(EventLog& events) : events_(events), thread_([this] { run(); }) {}

StopSignals::~StopSignals() {
  ending_ = true;
  pthread_kill(thread_.native_handle(), kWake);
  thread_.join();
}

int StopSignals::wait() {
  std::unique_lock lock{mutex_};
  came_.wait(lock, [this] { return requested(); });
  return requested_;
}

void StopSignals::request() {
  const std::scoped_lock lock{mutex_};
  if (!requested()) requested_ = SIGTERM;
  came_.notify_all();
}

void StopSignals::run() {
  const sigset_t signals = taken_signals();
  while (!ending_) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal != kWake) take(signal);
  }
}

void StopSignals::take(int signal) {
  if (requested()) {
    events_.say(event_type::kSystem,
                fmt::format("{} again: ending at once; the next start replays what was acknowledged", name_of(signal)));
    _exit(128 + signal);
  }
  if (!serving_) {
    (void)events_.flush();  // to the stream: while starting there is no catalog for it yet
    events_.say(event_type::kSystem,
                fmt::format("{} while starting: ending; nothing is lost, the next start begins anew", name_of(signal)));
    _exit(kExitOk);
  }
  events_.record(event_type::kSystem, fmt::format("stopping ({}): finishing the requests in flight", name_of(signal)));
  const std::scoped_lock lock{mutex_};
  requested_ = signal;
  came_.notify_all();
}

}  // namespace meterhouse::cli

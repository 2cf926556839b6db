#pragma once

#include <atomic>
#include <string>

#include "base/guarded.h"
#include "http/message.h"

namespace meterhouse::cli {

// What a server answers while it starts: the port is taken at once, so that a wrong address or a second server is told
// before a long recovery, and not after it. Until open() /healthz answers 200, everything else 503 with Retry-After;
// /readyz tells what the start is at.
//   threads  open, begin_step, note_replay: one; the rest: any
class StartGate final : public Application {
 public:
  // What is done now: "reading the meters".
  void begin_step(std::string_view step);
  // Of the journal, while it is replayed: readings so far, and bytes of how many at most.
  void note_replay(std::uint64_t readings, std::uint64_t bytes, std::uint64_t bytes_max);
  // From now on `application` answers; it lives until the server has stopped.
  void open(Application& application) { application_.store(&application, std::memory_order_release); }

  Task<Response> handle(Request& request, BodyReader& body) override;
  Response refuse(std::string_view path, const Refusal& refusal) const override;
  void note_cut(const std::string& what) override;

 private:
  Response starting(std::string_view path) const;
  Response not_ready() const;

  Guarded<std::string> step_;
  std::atomic<std::uint64_t> readings_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;
  std::atomic<std::uint64_t> bytes_max_ = 0;
  std::atomic<Application*> application_ = nullptr;
};

}  // namespace meterhouse::cli

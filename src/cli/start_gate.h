#pragma once

#include <atomic>

#include "http/message.h"

namespace meterhouse::cli {

// What a server answers while it starts: the port is taken at once, so that a wrong address or a second server is told
// before a long recovery, and not after it. Until open() /healthz answers 200, everything else 503 with Retry-After.
//   threads  open: one; the rest: any
class StartGate final : public Application {
 public:
  // From now on `application` answers; it lives until the server has stopped.
  void open(Application& application) { application_.store(&application, std::memory_order_release); }

  Task<Response> handle(Request& request, BodyReader& body) override;
  Response refuse(std::string_view path, const Refusal& refusal) const override;

 private:
  std::atomic<Application*> application_ = nullptr;
};

}  // namespace meterhouse::cli

#pragma once

#include "base/clock.h"
#include "http/server.h"

namespace meterhouse {

// Answers what it was asked, so that a test sees what came through: method, target, the query, the header "X-Seen" and
// "Authorization", and the body.
//   /echo    reads the body
//   /ignore  answers without reading it
//   /small   a body of at most 1000 bytes
//   /large   answers with as many bytes as the query says
//   /pieces  answers in pieces: those of the query, separated by commas; "fail" is an error, "wait" waits for the end
class EchoApplication final : public Application {
 public:
  Task<Response> handle(Request& request, BodyReader& body) override;
  Response refuse(std::string_view path, const Refusal& refusal) const override;
};

class EchoServer {
 public:
  explicit EchoServer(ServerOptions options = {});
  std::uint16_t port() const { return server_->port(); }
  Server& server() { return *server_; }

 private:
  EchoApplication application_;
  SystemClock clock_;
  std::unique_ptr<Server> server_;
};

}  // namespace meterhouse

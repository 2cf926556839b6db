#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "http/edge_policy.h"
#include "http/message.h"

namespace meterhouse {

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8050;  // 0: any free one
  int io_threads = 2;
  std::size_t connections_max = 10'000;  // past it a new connection is answered 503 and closed
  EdgeRules edge;

  using Milliseconds = std::chrono::milliseconds;
  Milliseconds header_deadline{10'000};        // from a request's first byte to the end of its header
  Milliseconds body_grace{10'000};             // time a body may wait for bytes beside one second for every …
  std::uint64_t body_bytes_per_second = 1024;  // … bytes it has brought
  Milliseconds idle_deadline{75'000};          // between two requests
  Milliseconds write_deadline{30'000};         // without the client taking a byte of the answer, and in all beside …
  std::uint64_t answer_bytes_per_second = 16 * 1024;  // … one second for every so many bytes it has taken
  // Of answers that wait for their clients to take them, over all connections; answers of up to 16 KiB do not count.
  // Past it a request is answered 503.
  std::uint64_t held_answer_bytes_max = std::uint64_t{256} << 20;
  Milliseconds linger{2'000};       // reading on after a refusal, so that the client gets to read it
  Milliseconds stop_grace{10'000};  // for requests in flight when the server stops
};

struct ServerStats {
  std::uint64_t connections_open = 0;
  std::uint64_t connections_total = 0;
  std::uint64_t connections_refused = 0;  // over the cap
  std::uint64_t requests_refused = 0;     // by the edge policy or the parser
  std::uint64_t answers_refused = 0;      // over held_answer_bytes_max
  std::uint64_t timeouts = 0;
};

// Listens on one address and serves HTTP/1.1: keep-alive, pipelining, deadlines by phase. Each connection lives on one
// I/O thread. Starts listening in start(); stop() (or the destructor) refuses new connections, lets requests in flight
// finish, closes idle connections and joins the threads.
//   threads  start, stop: one; stats: any
class Server {
 public:
  // application and clock outlive the server.
  //   errors  unavailable: the address is in use; invalid_argument: it is no address of this machine
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options, Application& application,
                                               const Clock& clock);
  ~Server();

  std::uint16_t port() const;
  ServerStats stats() const;
  void stop();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace meterhouse

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meterhouse {

struct RawResponse {
  int status = 0;
  std::string head;
  std::string body;
  std::string header(std::string_view name) const;  // empty where there is none
  bool closes() const { return header("Connection") == "close"; }
};

// A TCP client that sends exactly what it is told and reads answers as they come. Waits 5 s for an answer at most.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool send(std::string_view bytes);  // false: the other side has closed
  void finish_sending();
  // The next answer; nullopt: the connection ended, or nothing came in time. bodiless: the answer to a HEAD.
  // A chunked body is put together.
  std::optional<RawResponse> receive(bool bodiless = false);
  // Waits until what came in and was not received yet has this text in it.
  bool wait_for(std::string_view text);
  // Waits for some bytes; empty: the connection ended, or nothing came in time.
  std::string some();
  // Waits for some bytes and drops them; false: the connection ended, or nothing came in time.
  bool drop_some();
  // All that still comes, until the other side closes.
  std::string rest();
  // Whether the other side closes without another byte.
  bool closed();

 private:
  bool fill();
  bool receive_chunks(std::string& body);
  int socket_ = -1;
  std::string received_;
  bool ended_ = false;
};

}  // namespace meterhouse

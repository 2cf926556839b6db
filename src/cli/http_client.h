#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace meterhouse::cli {

struct HttpAnswer {
  long status = 0;
  std::string body;

  bool ok() const { return status >= 200 && status < 300; }
};

// What becomes of a request whose connection broke, so that nobody knows whether the server took it.
enum class Broken : std::uint8_t { fail, send_again };

// One kept-alive connection to a server (libcurl). One thread.
//   errors  of every call: unavailable (nobody answers there), io (the connection broke, or the answer is over 64 MiB)
class HttpClient {
 public:
  // base  "http://127.0.0.1:8050" without a path
  //   errors  invalid_argument: not such an address
  static Result<HttpClient> for_server(std::string_view base);
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;

  const std::string& base() const { return base_; }

  Result<HttpAnswer> get(const std::string& target);
  Result<HttpAnswer> post(const std::string& target, const std::string& content_type, std::string_view body,
                          Broken broken = Broken::fail);

 private:
  struct Connection;
  explicit HttpClient(std::string base);
  // A busy server says 429 or 503 and when to come back: it is asked again for up to a minute. A broken connection is
  // tried again, where that is safe, for about eight seconds: as long as a restart may leave the port closed.
  Result<HttpAnswer> perform_patiently(Broken broken);
  Result<HttpAnswer> perform_once();

  std::string base_;
  std::unique_ptr<Connection> connection_;
};

// "GET" targets: text with everything but letters, digits and -._~ as %XX.
std::string url_encoded(std::string_view text);

}  // namespace meterhouse::cli

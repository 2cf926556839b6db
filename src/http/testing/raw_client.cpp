#include "http/testing/raw_client.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "http/message.h"

namespace meterhouse {

std::string RawResponse::header(std::string_view name) const {
  std::string_view rest = head;
  while (!rest.empty()) {
    const std::size_t end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
    const std::size_t colon = line.find(": ");
    if (colon != std::string_view::npos && equal_ignoring_case(line.substr(0, colon), name))
      return std::string{line.substr(colon + 2)};
  }
  return {};
}

RawClient::RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  MH_CHECK(socket_ >= 0);
  const timeval patience{5, 0};
  MH_CHECK(::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  MH_CHECK(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
}

RawClient::~RawClient() { ::close(socket_); }

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawClient::finish_sending() { ::shutdown(socket_, SHUT_WR); }

bool RawClient::fill() {
  char buffer[64 * 1024];
  const ssize_t count = ::recv(socket_, buffer, sizeof buffer, 0);
  ended_ = count == 0 || (count < 0 && errno == ECONNRESET);
  if (count <= 0) return false;
  received_.append(buffer, static_cast<std::size_t>(count));
  return true;
}

std::optional<RawResponse> RawClient::receive(bool bodiless) {
  std::size_t end = 0;
  while ((end = received_.find("\r\n\r\n")) == std::string::npos)
    if (!fill()) return std::nullopt;
  RawResponse response;
  response.head = received_.substr(0, end);
  response.status = std::stoi(response.head.substr(9, 3));
  received_.erase(0, end + 4);
  if (!bodiless && response.header("Transfer-Encoding") == "chunked") {
    if (!receive_chunks(response.body)) return std::nullopt;
    return response;
  }
  const std::string length = response.header("Content-Length");
  const std::size_t size = bodiless || length.empty() ? 0 : std::stoul(length);
  while (received_.size() < size)
    if (!fill()) return std::nullopt;
  response.body = received_.substr(0, size);
  received_.erase(0, size);
  return response;
}

bool RawClient::receive_chunks(std::string& body) {
  for (;;) {
    std::size_t line_end = 0;
    while ((line_end = received_.find("\r\n")) == std::string::npos)
      if (!fill()) return false;
    const std::size_t size = std::stoul(received_, nullptr, 16);
    while (received_.size() < line_end + 2 + size + 2)
      if (!fill()) return false;
    body.append(received_, line_end + 2, size);
    received_.erase(0, line_end + 2 + size + 2);
    if (size == 0) return true;
  }
}

bool RawClient::wait_for(std::string_view text) {
  while (received_.find(text) == std::string::npos)
    if (!fill()) return false;
  return true;
}

std::string RawClient::some() {
  if (received_.empty()) (void)fill();
  return std::exchange(received_, {});
}

bool RawClient::drop_some() {
  received_.clear();
  return fill();
}

std::string RawClient::rest() {
  while (fill()) {
  }
  return std::exchange(received_, {});
}

bool RawClient::closed() { return received_.empty() && !fill() && ended_; }

}  // namespace meterhouse

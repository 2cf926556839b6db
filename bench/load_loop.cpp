#include "load_loop.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>

#include "figures.h"

namespace meterhouse::bench {
namespace {

int connect_to(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    die(fmt::format("cannot connect to 127.0.0.1:{}", port));
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

class Loop {
 public:
  Loop(const LoadOptions& options, const MakeRequest& make, const TakeAnswer& take)
      : options_(options), make_(make), take_(take), epoll_(::epoll_create1(0)), connections_(options.connections) {
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      connections_[i].socket = connect_to(options.port);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = i;
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_[i].socket, &event);
      idle_.push_back(i);
    }
  }
  ~Loop() {
    for (const Connection& connection : connections_) ::close(connection.socket);
    ::close(epoll_);
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  LoadResult run() {
    start_ = SteadyClock::now();
    for (;;) {
      const bool over = is_over();
      if (over && idle_.size() == connections_.size()) break;
      if (!over) send_due();
      wait(over);
    }
    result_.seconds = seconds_since(start_);
    std::ranges::sort(result_.latencies_us);
    return std::move(result_);
  }

 private:
  struct Connection {
    int socket = -1;
    std::string request;
    std::string answer;
    std::size_t sent = 0;
    bool waits_to_send = false;
    double due = 0;  // seconds since the start
  };

  bool is_over() const {
    return options_.requests > 0 ? started_ == options_.requests : seconds_since(start_) >= options_.seconds;
  }

  double due_of_next() const { return static_cast<double>(started_) / options_.per_second; }

  void send_due() {
    while (!idle_.empty() && !(options_.requests > 0 && started_ == options_.requests)) {
      const double now = seconds_since(start_);
      const bool paced = options_.per_second > 0;
      if (paced && due_of_next() > now) return;
      const std::size_t index = idle_.back();
      idle_.pop_back();
      Connection& connection = connections_[index];
      connection.due = paced ? due_of_next() : now;
      ++started_;
      make_(index, connection.request);
      connection.sent = 0;
      send_more(index);
    }
  }

  void send_more(std::size_t index) {
    Connection& c = connections_[index];
    while (c.sent < c.request.size()) {
      const auto count =
          ::send(c.socket, c.request.data() + c.sent, c.request.size() - c.sent, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (count < 0) {
        if (errno != EAGAIN) die("the server closed the connection");
        if (!c.waits_to_send) watch(index, EPOLLIN | EPOLLOUT);
        c.waits_to_send = true;
        return;
      }
      c.sent += static_cast<std::size_t>(count);
    }
    if (c.waits_to_send) watch(index, EPOLLIN);
    c.waits_to_send = false;
  }

  void watch(std::size_t index, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = index;
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, connections_[index].socket, &event);
  }

  void wait(bool over) {
    timespec timeout{0, 100'000'000};
    if (options_.per_second > 0 && !over) {
      const double left = idle_.empty() ? 0.01 : std::max(0.0, due_of_next() - seconds_since(start_));
      timeout = {0, static_cast<long>(std::min(left, 0.05) * 1e9)};
    }
    epoll_event events[64];
    const int count = ::epoll_pwait2(epoll_, events, 64, &timeout, nullptr);
    for (int i = 0; i < count; ++i) {
      const auto index = static_cast<std::size_t>(events[i].data.u64);
      if (events[i].events & EPOLLOUT) send_more(index);
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(index);
    }
  }

  void receive(std::size_t index) {
    Connection& c = connections_[index];
    char buffer[65'536];
    const auto count = ::recv(c.socket, buffer, sizeof buffer, MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN)) die("the server closed the connection");
    if (count < 0) return;
    c.answer.append(buffer, static_cast<std::size_t>(count));
    if (take_(c.answer) == 0) return;
    c.answer.clear();
    ++result_.answers;
    result_.latencies_us.push_back((seconds_since(start_) - c.due) * 1e6);
    idle_.push_back(index);
  }

  LoadOptions options_;
  const MakeRequest& make_;
  const TakeAnswer& take_;
  int epoll_;
  std::vector<Connection> connections_;
  std::vector<std::size_t> idle_;
  std::uint64_t started_ = 0;
  SteadyClock::time_point start_;
  LoadResult result_;
};

}  // namespace

double LoadResult::percentile_us(double share) const {
  if (latencies_us.empty()) return 0;
  const auto index = static_cast<std::size_t>(share * static_cast<double>(latencies_us.size()));
  return latencies_us[std::min(index, latencies_us.size() - 1)];
}

LoadResult run_load(const LoadOptions& options, const MakeRequest& make, const TakeAnswer& take) {
  return Loop{options, make, take}.run();
}

std::size_t whole_http_answer(std::string_view bytes) {
  const std::size_t head = bytes.find("\r\n\r\n");
  if (head == std::string_view::npos) return 0;
  constexpr std::string_view kLength = "Content-Length: ";
  const std::size_t at = bytes.find(kLength);
  if (at == std::string_view::npos || at > head) die("an answer without Content-Length");
  std::size_t length = 0;
  std::from_chars(bytes.data() + at + kLength.size(), bytes.data() + head, length);
  const std::size_t whole = head + 4 + length;
  return bytes.size() < whole ? 0 : whole;
}

std::size_t take_http_answer(std::string_view bytes) {
  const std::size_t whole = whole_http_answer(bytes);
  if (whole != 0 && bytes.substr(9, 3) != "200") die(fmt::format("refused: {:.400}", bytes));
  return whole;
}

std::size_t take_redis_reply(std::string_view bytes) {
  const std::size_t line = bytes.find("\r\n");
  if (line == std::string_view::npos) return 0;
  if (bytes.front() == '-') die(fmt::format("redis: {:.200}", bytes));
  if (bytes.front() != '$' && bytes.front() != '*') return line + 2;
  int count = 0;
  std::from_chars(bytes.data() + 1, bytes.data() + line, count);
  if (count < 0) return line + 2;
  if (bytes.front() == '$') {
    const std::size_t whole = line + 2 + static_cast<std::size_t>(count) + 2;
    return bytes.size() < whole ? 0 : whole;
  }
  std::size_t whole = line + 2;
  for (int i = 0; i < count; ++i) {
    const std::size_t part = whole < bytes.size() ? take_redis_reply(bytes.substr(whole)) : 0;
    if (part == 0) return 0;
    whole += part;
  }
  return whole;
}

TakeAnswer take_redis_replies(std::size_t count) {
  return [count](std::string_view bytes) -> std::size_t {
    std::size_t whole = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t part = whole < bytes.size() ? take_redis_reply(bytes.substr(whole)) : 0;
      if (part == 0) return 0;
      whole += part;
    }
    return whole;
  };
}

}  // namespace meterhouse::bench

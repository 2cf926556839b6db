#include "http/server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/address.hpp>
#include <thread>
#include <vector>

#include "http/connection.h"
#include "http/lane.h"

namespace meterhouse {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Acceptor = asio::basic_socket_acceptor<tcp, IoExecutor>;

constexpr std::string_view kTooMany =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
constexpr std::chrono::milliseconds kAcceptPause{100};  // after an error such as too many open files

Error listen_error(const ServerOptions& options, const boost::system::error_code& error) {
  const std::string where = fmt::format("{}:{}", options.address, options.port);
  if (error == asio::error::address_in_use)
    return {Errc::unavailable, fmt::format("cannot listen on {}: another program is listening there", where)};
  if (error == asio::error::access_denied)
    return {Errc::invalid_argument,
            fmt::format("cannot listen on {}: not permitted (ports below 1024 need rights)", where)};
  return {Errc::invalid_argument, fmt::format("cannot listen on {}: {}", where, error.message())};
}

}  // namespace

class Server::Impl {
 public:
  Impl(const ServerOptions& options, Application& application, const Clock& clock)
      : options_(options), held_answers_(options.held_answer_bytes_max) {
    for (int i = 0; i < options_.io_threads; ++i)
      lanes_.push_back(std::make_unique<Lane>(options_, application, clock, counters_, held_answers_));
    acceptor_ = std::make_unique<Acceptor>(lanes_.front()->context().get_executor());
    accept_pause_ = std::make_unique<Pause>(lanes_.front()->context().get_executor());
  }
  ~Impl() { stop(); }

  Status listen() {
    boost::system::error_code error;
    const auto address = asio::ip::make_address(options_.address, error);
    if (error) return Error{Errc::invalid_argument, fmt::format("'{}' is not an IP address", options_.address)};
    const tcp::endpoint endpoint{address, options_.port};
    acceptor_->open(endpoint.protocol(), error);
    if (!error) acceptor_->set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_->bind(endpoint, error);
    if (!error) acceptor_->listen(4096, error);
    if (error) return listen_error(options_, error);
    port_ = acceptor_->local_endpoint().port();
    accept_next();
    for (auto& lane : lanes_) threads_.emplace_back([&lane] { lane->run(); });
    return {};
  }

  void stop() {
    if (std::exchange(stopped_, true)) return;
    asio::post(lanes_.front()->context(), [this] {
      boost::system::error_code ignored;
      acceptor_->close(ignored);
      accept_pause_->cancel();
    });
    for (auto& lane : lanes_) lane->stop();
    for (std::thread& thread : threads_) thread.join();
  }

  std::uint16_t port() const { return port_; }
  ServerStats stats() const {
    return {counters_.open,    counters_.total,           counters_.over_cap,
            counters_.refused, counters_.answers_refused, counters_.timeouts};
  }

 private:
  using Pause =
      asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, IoExecutor>;

  void accept_next() {
    Lane& lane = *lanes_[next_lane_++ % lanes_.size()];
    acceptor_->async_accept(lane.context(), [this, &lane](const boost::system::error_code& error, Socket socket) {
      if (!acceptor_->is_open()) return;
      if (error) {
        accept_pause_->expires_after(kAcceptPause);
        accept_pause_->async_wait([this](const boost::system::error_code&) {
          if (acceptor_->is_open()) accept_next();
        });
        return;
      }
      ++counters_.total;
      if (counters_.open >= options_.connections_max) {
        turn_away(std::move(socket));
      } else {
        asio::co_spawn(lane.context(), serve_connection(lane, std::move(socket)),
                       [&lane](const std::exception_ptr& thrown) { note_end(lane, thrown); });
      }
      accept_next();
    });
  }

  static void note_end(Lane& lane, const std::exception_ptr& thrown) {
    if (!thrown) return;
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& error) {
      lane.application().note_cut(fmt::format("a connection ended by an internal error: {}", error.what()));
    }
  }

  void turn_away(Socket socket) {
    ++counters_.over_cap;
    boost::system::error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(kTooMany.data(), kTooMany.size()), ignored);
  }

  const ServerOptions options_;
  ServerCounters counters_;
  Budget held_answers_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::unique_ptr<Acceptor> acceptor_;   // on the first lane's thread
  std::unique_ptr<Pause> accept_pause_;  // same
  std::vector<std::thread> threads_;
  std::size_t next_lane_ = 0;
  std::uint16_t port_ = 0;
  bool stopped_ = false;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options, Application& application,
                                              const Clock& clock) {
  auto impl = std::make_unique<Impl>(options, application, clock);
  if (const auto listening = impl->listen(); !listening) return listening.error();
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::uint16_t Server::port() const { return impl_->port(); }
ServerStats Server::stats() const { return impl_->stats(); }
void Server::stop() { impl_->stop(); }

}  // namespace meterhouse

#include "http/testing/echo_server.h"

#include "base/check.h"
#include "http/await_callback.h"

namespace meterhouse {
namespace {

class Pieces final : public BodySource {
 public:
  explicit Pieces(std::string_view text) : rest_(text) {}

  Task<Result<std::string>> next() override {
    const std::string piece = rest_.substr(0, rest_.find(','));
    rest_.erase(0, piece.size() + 1);
    if (piece == "fail") co_return Error{Errc::io, "told to fail"};
    if (piece != "wait" || stopped_) co_return stopped_ ? std::string{} : piece;
    const auto keep = [this](auto done) { waiting_ = std::move(done); };
    co_return co_await await_callback<Result<std::string>>(keep);
  }
  void stop() override {
    stopped_ = true;
    if (waiting_) std::exchange(waiting_, nullptr)(std::string{});
  }

 private:
  std::string rest_;
  bool stopped_ = false;
  std::function<void(Result<std::string>)> waiting_;
};

}  // namespace

Task<Response> EchoApplication::handle(Request& request, BodyReader& body) {
  std::string storage;
  Budget budget{std::uint64_t{1} << 30};
  BudgetShare share{budget};
  std::string_view content;
  if (request.path != "/ignore") {
    body.set_limit(request.path == "/small" ? 1000 : std::uint64_t{64} << 20);
    const auto whole = co_await read_whole(body, storage, share);
    if (!whole) co_return refuse(request.path, whole.error());
    content = *whole;
  }
  Response response;
  response.content_type = "text/plain";
  if (request.path == "/pieces") {
    response.source = std::make_shared<Pieces>(request.query);
    co_return response;
  }
  if (request.path == "/large") {
    response.body.assign(std::stoul(std::string{request.query}), 'x');
    co_return response;
  }
  response.body = fmt::format("{} {} [{}] seen={} auth={} body={}", to_string(request.method), request.target,
                              request.query, request.header("X-Seen"), request.header("Authorization"), content);
  co_return response;
}

Response EchoApplication::refuse(std::string_view, const Refusal& refusal) const {
  Response response;
  response.status = refusal.status;
  response.content_type = "text/plain";
  response.body = refusal.detail;
  return response;
}

EchoServer::EchoServer(ServerOptions options) {
  options.port = 0;
  auto started = Server::start(options, application_, clock_);
  MH_CHECK(started.has_value());
  server_ = std::move(*started);
}

}  // namespace meterhouse

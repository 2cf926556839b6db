#include "http/testing/echo_server.h"

#include "base/check.h"

namespace meterhouse {

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

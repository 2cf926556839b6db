#include "cli/start_gate.h"

#include "http/json_writer.h"
#include "http/problem.h"

namespace meterhouse::cli {
namespace {

constexpr std::string_view kStarting = "the server is starting: the data directory is being opened";

Response starting(std::string_view path) {
  if (path == "/healthz") return json_response(200, R"({"status":"ok"})");
  if (path != "/readyz") return error_for(path, {503, std::string{kStarting}});
  JsonWriter json;
  json.object().key("status").text("unavailable").key("detail").text(kStarting);
  Response response = json_response(503, json.end().take());
  response.headers.emplace_back("Retry-After", "5");
  return response;
}

Task<Response> answer_starting(const Request& request) { co_return starting(request.path); }

}  // namespace

Task<Response> StartGate::handle(Request& request, BodyReader& body) {
  auto* const application = application_.load(std::memory_order_acquire);
  return application == nullptr ? answer_starting(request) : application->handle(request, body);
}

Response StartGate::refuse(std::string_view path, const Refusal& refusal) const {
  const auto* const application = application_.load(std::memory_order_acquire);
  return application == nullptr ? error_for(path, refusal) : application->refuse(path, refusal);
}

}  // namespace meterhouse::cli

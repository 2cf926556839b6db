#include "cli/start_gate.h"

#include <algorithm>

#include "http/json_writer.h"
#include "http/problem.h"

namespace meterhouse::cli {
namespace {

constexpr std::string_view kStarting = "the server is starting";

Task<Response> answer_with(Response response) { co_return response; }

}  // namespace

void StartGate::begin_step(std::string_view step) {
  bytes_max_ = 0;
  step_.with([&](std::string& now) { now = step; });
}

void StartGate::note_replay(std::uint64_t readings, std::uint64_t bytes, std::uint64_t bytes_max) {
  readings_.store(readings, std::memory_order_relaxed);
  bytes_.store(bytes, std::memory_order_relaxed);
  bytes_max_.store(bytes_max, std::memory_order_relaxed);
}

Response StartGate::starting(std::string_view path) const {
  if (path == "/healthz") return json_response(200, R"({"status":"ok"})");
  if (path == "/readyz") return not_ready();
  const std::string step = step_.with([](const std::string& now) { return now; });
  return error_for(path, {503, step.empty() ? std::string{kStarting} : fmt::format("{}: {}", kStarting, step)});
}

Response StartGate::not_ready() const {
  const std::string step = step_.with([](const std::string& now) { return now; });
  JsonWriter json;
  json.object().key("status").text("starting").key("detail").text(kStarting).key("step").text(step);
  if (const std::uint64_t of = bytes_max_.load(std::memory_order_relaxed); of > 0) {
    json.key("readings").number(readings_.load(std::memory_order_relaxed));
    const double done = static_cast<double>(bytes_.load(std::memory_order_relaxed));
    json.key("progress").raw(fmt::format("{:.3f}", std::min(1.0, done / static_cast<double>(of))));
  }
  Response response = json_response(503, json.end().take());
  response.headers.emplace_back("Retry-After", "5");
  return response;
}

Task<Response> StartGate::handle(Request& request, BodyReader& body) {
  auto* const application = application_.load(std::memory_order_acquire);
  return application == nullptr ? answer_with(starting(request.path)) : application->handle(request, body);
}

Response StartGate::refuse(std::string_view path, const Refusal& refusal) const {
  const auto* const application = application_.load(std::memory_order_acquire);
  return application == nullptr ? error_for(path, refusal) : application->refuse(path, refusal);
}

// Until it is opened no answer is long enough to be cut.
void StartGate::note_cut(const std::string& what) {
  if (auto* const application = application_.load(std::memory_order_acquire)) application->note_cut(what);
}

}  // namespace meterhouse::cli

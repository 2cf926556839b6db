#include "http/problem.h"

#include <algorithm>

#include "http/json_writer.h"
#include "http/response_head.h"

namespace meterhouse {

namespace {

constexpr std::string_view kRetryAfterSeconds = "5";

Response error_response(int status, std::string_view reason, std::string body, std::string_view content_type) {
  Response response;
  response.reason = reason;
  response.status = status;
  response.content_type = content_type;
  response.body = std::move(body);
  if (status == 429 || status == 503) response.headers.emplace_back("Retry-After", kRetryAfterSeconds);
  return response;
}

}  // namespace

int status_of(Errc code) {
  switch (code) {
    case Errc::invalid_argument:
      return 400;
    case Errc::out_of_range:
      return 400;
    case Errc::not_found:
      return 404;
    case Errc::conflict:
      return 409;
    case Errc::corruption:
      return 500;
    case Errc::io:
      return 500;
    case Errc::no_space:
      return 507;
    case Errc::unavailable:
      return 503;
  }
  return 500;
}

Response problem(int status, std::string_view detail) {
  JsonWriter json;
  json.object().key("type").text("about:blank").key("title").text(reason_phrase(status));
  json.key("status").number(std::int64_t{status}).key("detail").text(detail).end();
  return error_response(status, detail, json.take(), kProblemJson);
}

Refusal refusal_of(const Error& error) {
  if (error.code != Errc::no_space) return {status_of(error.code), error.message};
  return {status_of(error.code),
          fmt::format("the disk is full; send what is not acknowledged again when there is room: {}", error.message)};
}

Response problem(const Error& error) { return problem(refusal_of(error)); }
Response problem(const Refusal& refusal) { return problem(refusal.status, refusal.detail); }

Response legacy_error(int status, std::string_view message) {
  JsonWriter json;
  json.object().key("status").text("error").key("message").text(message).end();
  return error_response(status, message, json.take(), kJson);
}

Response legacy_error(const Error& error) {
  const Refusal refusal = refusal_of(error);
  return legacy_error(refusal.status, refusal.detail);
}

bool is_legacy_path(std::string_view path) {
  constexpr std::string_view kLegacy[] = {"/api/user/",  "/api/billing", "/meter/",
                                          "/stopserver", "/get_logs",    "/get_backup"};
  return std::ranges::any_of(kLegacy, [&](std::string_view prefix) { return path.starts_with(prefix); });
}

Response error_for(std::string_view path, const Refusal& refusal) {
  return is_legacy_path(path) ? legacy_error(refusal.status, refusal.detail) : problem(refusal);
}

}  // namespace meterhouse

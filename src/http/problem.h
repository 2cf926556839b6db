#pragma once

#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace meterhouse {

inline constexpr std::string_view kProblemJson = "application/problem+json";

// The one place where a kind of error becomes a status, and what is said with it.
int status_of(Errc code);
Refusal refusal_of(const Error& error);

// RFC 9457: {"type":"about:blank","title":"Bad Request","status":400,"detail":"…"}; 429 and 503 with Retry-After.
Response problem(int status, std::string_view detail);
Response problem(const Error& error);
Response problem(const Refusal& refusal);

// The first system's form: {"status":"error","message":"…"}.
Response legacy_error(int status, std::string_view message);
Response legacy_error(const Error& error);

// Paths below /api/v1, and those that never existed in the first system, answer problem documents; all others its form.
bool is_legacy_path(std::string_view path);
Response error_for(std::string_view path, const Refusal& refusal);

}  // namespace meterhouse

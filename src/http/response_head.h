#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "http/message.h"

namespace meterhouse {

std::string_view reason_phrase(int status);

struct ResponseFraming {
  std::string_view date;  // "Sat, 22 Nov 2025 10:00:00 GMT"
  bool keep_alive = true;
  int minor_version = 1;  // of the request
  bool chunked = false;   // the length is not known; without chunks it is told by the connection's end
};

// Status line and headers, the empty line included. Every answer carries the headers that keep browsers from guessing
// types, framing pages or keeping what should not be kept; pages add their Content-Security-Policy (static_files.h).
void append_response_head(std::string& out, const Response& response, const ResponseFraming& framing);

// "Sat, 22 Nov 2025 10:00:00 GMT" (RFC 9110, 5.6.7).
std::string http_date(Instant instant);

}  // namespace meterhouse

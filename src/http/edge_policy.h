#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace meterhouse {

// What Beast's parser accepts and this program refuses, before any handler sees it. Everything here closes the
// connection: where two readers of the same bytes may disagree about where a request ends, nothing after it can be
// trusted.

inline constexpr std::size_t kMaxHeaderBytes = 16 * 1024;
inline constexpr std::size_t kMaxHeaderFields = 100;
inline constexpr std::size_t kMaxTargetBytes = 8 * 1024;
// Bytes of a chunked body that are not body (sizes, extensions, trailers): this many, and an eighth of the body's
// length, which pays for the framing of chunks of 48 bytes and more.
inline constexpr std::uint64_t kMaxChunkOverheadBytes = 64 * 1024;
constexpr std::uint64_t chunk_overhead_limit(std::uint64_t body_bytes) {
  return kMaxChunkOverheadBytes + body_bytes / 8;
}

struct EdgeRules {
  // Host names (without port) this program answers to; others are refused, so that a web page whose name was pointed at
  // this machine cannot use a browser to reach it.
  std::vector<std::string> allowed_hosts = {"localhost", "127.0.0.1", "[::1]"};
};

// The header block as the parser saw it. `raw` is the block's bytes, request line included.
struct RequestHead {
  std::string_view raw;
  std::string_view method;
  std::string_view target;
  int minor_version = 1;
  const std::vector<HeaderField>* fields = nullptr;
};

// Pure. nullopt: the request may pass.
std::optional<Refusal> check_head(const RequestHead& head, const EdgeRules& rules);

// The name of a Host value without its port: "a.b:80" -> "a.b", "[::1]:80" -> "[::1]"; nullopt where it is no such
// value.
std::optional<std::string_view> host_name(std::string_view host);

}  // namespace meterhouse

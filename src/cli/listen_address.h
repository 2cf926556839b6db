#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/config.h"
#include "http/server.h"

namespace meterhouse::cli {

struct ListenAddress {
  std::string address;
  std::uint16_t port = 0;
  bool loopback = false;
};
// "127.0.0.1:8050", "[::1]:8050", "localhost:8050", "8050" (on 127.0.0.1). errors  invalid_argument
Result<ListenAddress> parse_listen_address(std::string_view text);

ServerOptions server_options(const ServerSettings& settings, const ListenAddress& listen);

}  // namespace meterhouse::cli

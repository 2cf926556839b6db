#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/server.h"

namespace meterhouse::cli {

// What the configuration file says of the server itself; site_config.h reads what it says of the site.
struct ServeSettings {
  std::vector<std::string> allowed_hosts;  // beside the loopback names and the address listened on
  std::size_t bulk_records_max = 100'000;
  std::uint64_t head_budget_mb = 256;
  int io_threads = 2;
  int worker_threads = 4;
  std::size_t connections_max = 10'000;
};

// "allowed_hosts", "bulk_records_max", "head_budget_mb", "io_threads", "worker_threads", "connections_max": all may be
// missing.
//   errors  invalid_argument: not JSON, or a value out of its bounds; the message names it
Result<ServeSettings> parse_serve_settings(std::string_view json);

struct ListenAddress {
  std::string address;
  std::uint16_t port = 0;
  bool loopback = false;
};
// "127.0.0.1:8050", "[::1]:8050", "localhost:8050", "8050" (on 127.0.0.1). errors  invalid_argument
Result<ListenAddress> parse_listen_address(std::string_view text);

ServerOptions server_options(const ServeSettings& settings, const ListenAddress& listen);

}  // namespace meterhouse::cli

#include "cli/listen_address.h"

#include <boost/asio/ip/address.hpp>
#include <charconv>

namespace meterhouse::cli {

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const Error wrong{Errc::invalid_argument,
                    fmt::format("'{}' is no address to listen on; for instance 127.0.0.1:8050", text)};
  ListenAddress listen{"127.0.0.1", 0, true};
  std::string_view port = text;
  if (const std::size_t colon = text.rfind(':'); colon != std::string_view::npos) {
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    listen.address = host == "localhost" ? "127.0.0.1" : std::string{host};
    port = text.substr(colon + 1);
  }
  const auto parsed = std::from_chars(port.data(), port.data() + port.size(), listen.port);
  if (port.empty() || parsed.ec != std::errc{} || parsed.ptr != port.data() + port.size()) return wrong;
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(listen.address, error);
  if (error) return wrong;
  listen.loopback = address.is_loopback();
  return listen;
}

ServerOptions server_options(const ServerSettings& settings, const ListenAddress& listen) {
  ServerOptions options;
  options.address = listen.address;
  options.port = listen.port;
  options.io_threads = settings.io_threads;
  options.connections_max = settings.connections_max;
  auto& hosts = options.edge.allowed_hosts;
  hosts.insert(hosts.end(), settings.allowed_hosts.begin(), settings.allowed_hosts.end());
  const bool is_ipv6 = listen.address.find(':') != std::string::npos;
  hosts.push_back(is_ipv6 ? fmt::format("[{}]", listen.address) : listen.address);
  return options;
}

}  // namespace meterhouse::cli

#include "cli/serve_settings.h"

#include <boost/asio/ip/address.hpp>
#include <boost/json.hpp>
#include <charconv>

namespace meterhouse::cli {
namespace {

namespace json = boost::json;

// The whole number at `name`, where there is one.
template <class T>
Status read_number(const json::object& config, std::string_view name, std::int64_t least, std::int64_t most, T& out) {
  const auto* value = config.if_contains({name.data(), name.size()});
  if (value == nullptr) return {};
  if (!value->is_int64() || value->get_int64() < least || value->get_int64() > most)
    return Error{Errc::invalid_argument, fmt::format("{} is not a whole number from {} to {}", name, least, most)};
  out = static_cast<T>(value->get_int64());
  return {};
}

Status read_hosts(const json::object& config, std::vector<std::string>& out) {
  const auto* value = config.if_contains("allowed_hosts");
  if (value == nullptr) return {};
  const Error wrong{Errc::invalid_argument, "allowed_hosts is not a list of host names without ports"};
  if (!value->is_array()) return wrong;
  for (const auto& host : value->get_array()) {
    if (!host.is_string()) return wrong;
    std::string name{host.get_string().data(), host.get_string().size()};
    if (host_name(name) != name) return wrong;
    out.push_back(std::move(name));
  }
  return {};
}

}  // namespace

Result<ServeSettings> parse_serve_settings(std::string_view text) {
  boost::system::error_code error;
  const auto config = json::parse({text.data(), text.size()}, error);
  if (error) return Error{Errc::invalid_argument, fmt::format("this is no JSON: {}", error.message())};
  if (!config.is_object()) return Error{Errc::invalid_argument, "this is no JSON object"};
  const json::object& object = config.get_object();
  ServeSettings settings;
  for (const Status& read : {
           read_hosts(object, settings.allowed_hosts),
           read_number(object, "bulk_records_max", 1, 1'000'000, settings.bulk_records_max),
           read_number(object, "head_budget_mb", 16, 1'000'000, settings.head_budget_mb),
           read_number(object, "io_threads", 1, 64, settings.io_threads),
           read_number(object, "worker_threads", 1, 256, settings.worker_threads),
           read_number(object, "connections_max", 1, 1'000'000, settings.connections_max),
       })
    if (!read) return read.error();
  return settings;
}

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

ServerOptions server_options(const ServeSettings& settings, const ListenAddress& listen) {
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

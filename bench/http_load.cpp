#include "http_load.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "figures.h"
#include "reading_bodies.h"

namespace meterhouse::bench {
namespace {

constexpr std::size_t kSingleConnections = 64;

std::string request_of(std::uint16_t port, std::string_view method, std::string_view target, std::string_view body) {
  return fmt::format(
      "{} {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}", method,
      target, port, body.size(), body);
}

}  // namespace

std::string Place::fresh(std::string_view name) const {
  const std::string data = fmt::format("{}/{}", directory, name);
  std::filesystem::remove_all(data);
  return data;
}

std::string call(std::uint16_t port, std::string_view method, std::string_view target, std::string_view body) {
  std::string answer;
  const auto make = [&](std::size_t, std::string& out) { out = request_of(port, method, target, body); };
  const auto take = [&](std::string_view bytes) {
    const std::size_t length = whole_http_answer(bytes);
    if (length != 0 && bytes[9] != '2') die(fmt::format("{} {}: {:.400}", method, target, bytes));
    if (length != 0) answer = bytes.substr(bytes.find("\r\n\r\n") + 4);
    return length;
  };
  run_load({.port = port, .connections = 1, .requests = 1}, make, take);
  return answer;
}

void register_meters(std::uint16_t port, std::uint32_t meters) {
  struct Home {
    const char* region;
    const char* area;
    const char* dwelling_type;
  };
  constexpr std::array kHomes{Home{"East Region", "Bedok", "4-room"}, Home{"East Region", "Tampines", "3-room"},
                              Home{"West Region", "Clementi", "4-room"}, Home{"North Region", "Yishun", "3-room"},
                              Home{"Central Region", "Bishan", "Landed Properties"}};
  constexpr std::uint32_t kPerRequest = 1'000;
  for (std::uint32_t first = 0; first < meters; first += kPerRequest) {
    std::string body = "[";
    for (std::uint32_t i = first; i < std::min(first + kPerRequest, meters); ++i) {
      const Home& home = kHomes[i % kHomes.size()];
      body += fmt::format(R"({}{{"meter_id":"{:09}","region":"{}","area":"{}","dwelling_type":"{}"}})",
                          i == first ? "" : ",", kFirstMeter + i, home.region, home.area, home.dwelling_type);
    }
    body += "]";
    call(port, "POST", "/api/v1/meters", body);
  }
}

LoadResult run_singles(std::uint16_t port, std::uint32_t meters, LoadOptions options) {
  std::vector<SingleRequest> requests;
  const auto per = static_cast<std::uint32_t>(meters / kSingleConnections);
  for (std::uint32_t i = 0; i < kSingleConnections; ++i) requests.emplace_back(kFirstMeter + i * per, per, port);
  options.port = port;
  options.connections = kSingleConnections;
  return run_load(
      options, [&](std::size_t connection, std::string& out) { requests[connection].next(out); }, take_http_answer);
}

}  // namespace meterhouse::bench

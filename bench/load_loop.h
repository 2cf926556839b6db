#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// A load generator on one thread: a number of connections to one loopback port, each with one request on its way.
// Raw sockets and epoll, so that it takes little of the machine from the server it measures.

namespace meterhouse::bench {

struct LoadOptions {
  std::uint16_t port = 0;
  std::size_t connections = 64;
  double seconds = 3;
  std::uint64_t requests = 0;  // 0: until the time is over; else so many, however long it takes
  double per_second = 0;       // 0: as fast as answers come; else requests start at this rate, whether answered or not
};

struct LoadResult {
  std::uint64_t answers = 0;
  double seconds = 0;
  std::vector<double> latencies_us;  // sorted; from the moment a request was due

  double per_second() const { return static_cast<double>(answers) / seconds; }
  double percentile_us(double share) const;
};

// Writes the next request of a connection into `out`, which holds the one before it.
using MakeRequest = std::function<void(std::size_t connection, std::string& out)>;
// The length of the whole answer at the front of `bytes`; 0: it is not complete. Ends the program on a refusal.
using TakeAnswer = std::function<std::size_t(std::string_view bytes)>;

LoadResult run_load(const LoadOptions& options, const MakeRequest& make, const TakeAnswer& take);

// Of an HTTP answer with a Content-Length, as TakeAnswer.
std::size_t whole_http_answer(std::string_view bytes);
// The same; any status but 200 ends the program.
std::size_t take_http_answer(std::string_view bytes);
// Of one RESP reply; an error ends the program.
std::size_t take_redis_reply(std::string_view bytes);
// The same for `count` replies to one pipeline.
TakeAnswer take_redis_replies(std::size_t count);

}  // namespace meterhouse::bench

#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.h"
#include "http/message.h"

namespace meterhouse {

inline constexpr std::size_t kMaxIdempotencyKeys = 10'000;
inline constexpr std::size_t kMaxIdempotencyKeyBytes = 200;
inline constexpr std::chrono::hours kIdempotencyKept{24};

// Remembers, in memory, how requests with an Idempotency-Key were answered: the newest kMaxIdempotencyKeys, for 24
// hours at most and while the process lives. What a key protects is safe to repeat after that, too: registering again
// answers that the meter exists.
//   threads  any; two requests with one key at the same time: the second answers 409 at once
class IdempotencyKeys {
 public:
  // Runs `work` unless the key has an answer already. An empty key: just runs it. Answers of 5xx are not kept.
  //   refusals  400 a key over its bound; 422 the key came with another body before; 409 its first request is still
  //   running
  Response once(std::string_view key, std::string_view body, Instant now, const std::function<Response()>& work);

 private:
  struct Entry {
    std::string body_hash;
    Instant at;
    bool answered = false;
    Response response;
  };
  void forget_old(Instant now);

  std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
  std::deque<std::pair<Instant, std::string>> order_;  // oldest first
};

}  // namespace meterhouse

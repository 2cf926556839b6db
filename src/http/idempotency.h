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
inline constexpr std::size_t kMaxIdempotencyBytes = std::size_t{32} << 20;
inline constexpr std::size_t kMaxIdempotencyKeyBytes = 200;
inline constexpr std::chrono::hours kIdempotencyKept{24};

// Remembers, in memory, how requests with an Idempotency-Key were answered: the newest kMaxIdempotencyKeys whose keys
// and answers have `bytes_max` bytes together, for 24 hours at most and while the process lives. The oldest make room;
// an answer that would fill it alone is not kept. What a key protects is safe to repeat after that, too: registering
// again answers that the meter exists.
//   threads  any; two requests with one key at the same time: the second answers 409 at once
class IdempotencyKeys {
 public:
  explicit IdempotencyKeys(std::size_t bytes_max = kMaxIdempotencyBytes) : bytes_max_(bytes_max) {}

  // Runs `work` unless the key has an answer already. An empty key: just runs it. Answers of 5xx are not kept,
  // nor is a key whose `work` throws.
  //   refusals  400 a key over its bound; 422 the key came with another body before;
  //             409 its first request is still running
  Response once(std::string_view key, std::string_view body, Instant now, const std::function<Response()>& work);

  // What is held now, with an allowance for the tables themselves; never more than bytes_max.
  std::size_t bytes() const;

 private:
  struct Entry {
    std::string body_hash;
    std::uint64_t number = 0;  // of its place in the order
    std::size_t bytes = 0;     // of the response
    bool answered = false;
    Response response;
  };
  struct Place {
    Instant at;
    std::uint64_t number;
    std::string key;
  };
  // Forgets a key whose work has thrown, so that it is not "still running" for a day.
  struct AtThrow {
    ~AtThrow();
    IdempotencyKeys& keys;
    const std::string& key;
    std::uint64_t number;
    bool armed = true;
  };
  using Entries = std::unordered_map<std::string, Entry>;

  Entries::iterator find(const std::string& key, std::uint64_t number);
  void keep(const std::string& key, std::uint64_t number, const Response& response);
  void make_room(std::size_t bytes);
  void forget_aged(Instant now);
  void forget_oldest();
  void erase(Entries::iterator entry);

  const std::size_t bytes_max_;
  mutable std::mutex mutex_;
  Entries entries_;
  std::deque<Place> order_;  // oldest first
  std::uint64_t last_number_ = 0;
  std::size_t bytes_ = 0;  // of all places and responses
};

}  // namespace meterhouse

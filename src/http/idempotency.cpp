#include "http/idempotency.h"

#include "base/checksum.h"
#include "http/problem.h"

namespace meterhouse {

namespace {

// Tells a body apart from another one; nobody gains by forging it, as the key is the client's own.
std::string hash_of(std::string_view body) {
  return fmt::format("{:08x}-{:x}-{:x}", crc32c(std::as_bytes(std::span{body})), std::hash<std::string_view>{}(body),
                     body.size());
}

}  // namespace

Response IdempotencyKeys::once(std::string_view key, std::string_view body, Instant now,
                               const std::function<Response()>& work) {
  if (key.empty()) return work();
  if (key.size() > kMaxIdempotencyKeyBytes)
    return problem(400, fmt::format("Idempotency-Key is longer than {} bytes", kMaxIdempotencyKeyBytes));
  const std::string name{key};
  {
    const std::scoped_lock lock{mutex_};
    forget_old(now);
    const auto [found, is_new] = entries_.try_emplace(name, Entry{hash_of(body), now, false, {}});
    if (!is_new) {
      const Entry& entry = found->second;
      if (entry.body_hash != hash_of(body)) return problem(422, "this Idempotency-Key came with another body before");
      if (!entry.answered) return problem(409, "the first request with this Idempotency-Key is still running");
      return entry.response;
    }
    order_.emplace_back(now, name);
  }
  Response response = work();
  const std::scoped_lock lock{mutex_};
  if (const auto found = entries_.find(name); found != entries_.end()) {
    if (response.status >= 500) {
      entries_.erase(found);
    } else {
      found->second.answered = true;
      found->second.response = response;
    }
  }
  return response;
}

void IdempotencyKeys::forget_old(Instant now) {
  while (!order_.empty() && (order_.size() >= kMaxIdempotencyKeys || order_.front().first + kIdempotencyKept < now)) {
    const auto found = entries_.find(order_.front().second);
    // An entry that was erased and came again is younger than this place in the order.
    if (found != entries_.end() && found->second.at == order_.front().first) entries_.erase(found);
    order_.pop_front();
  }
}

}  // namespace meterhouse

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

// The key stands in the table and in the order; the rest is nodes, buckets and allocation.
std::size_t bytes_of(std::string_view key) { return 2 * key.size() + 512; }

std::size_t bytes_of(const Response& response) {
  std::size_t bytes = response.body.size();
  for (const auto& [name, value] : response.headers) bytes += sizeof(std::pair{name, value}) + value.size();
  return bytes;
}

}  // namespace

Response IdempotencyKeys::once(std::string_view key, std::string_view body, Instant now,
                               const std::function<Response()>& work) {
  if (key.empty()) return work();
  if (key.size() > kMaxIdempotencyKeyBytes)
    return problem(400, fmt::format("Idempotency-Key is longer than {} bytes", kMaxIdempotencyKeyBytes));
  const std::string name{key};
  std::uint64_t number = 0;
  {
    const std::scoped_lock lock{mutex_};
    forget_aged(now);
    if (const auto found = entries_.find(name); found != entries_.end()) {
      const Entry& entry = found->second;
      if (entry.body_hash != hash_of(body)) return problem(422, "this Idempotency-Key came with another body before");
      if (!entry.answered) return problem(409, "the first request with this Idempotency-Key is still running");
      return entry.response;
    }
    if (order_.size() >= kMaxIdempotencyKeys) forget_oldest();
    make_room(bytes_of(key));
    number = ++last_number_;
    entries_.emplace(name, Entry{hash_of(body), number, 0, false, {}});
    order_.push_back({now, number, name});
    bytes_ += bytes_of(key);
  }
  AtThrow forget{*this, name, number};
  Response response = work();
  forget.armed = false;
  const std::scoped_lock lock{mutex_};
  keep(name, number, response);
  return response;
}

IdempotencyKeys::AtThrow::~AtThrow() {
  if (!armed) return;
  const std::scoped_lock lock{keys.mutex_};
  if (const auto entry = keys.find(key, number); entry != keys.entries_.end()) keys.erase(entry);
}

std::size_t IdempotencyKeys::bytes() const {
  const std::scoped_lock lock{mutex_};
  return bytes_;
}

// The entry of that place, unless it was forgotten meanwhile: the key may have come again since.
IdempotencyKeys::Entries::iterator IdempotencyKeys::find(const std::string& key, std::uint64_t number) {
  const auto found = entries_.find(key);
  return found != entries_.end() && found->second.number == number ? found : entries_.end();
}

void IdempotencyKeys::keep(const std::string& key, std::uint64_t number, const Response& response) {
  const std::size_t bytes = bytes_of(response);
  const bool kept = response.status < 500 && bytes_of(key) + bytes <= bytes_max_;
  if (kept) make_room(bytes);
  const auto entry = find(key, number);
  if (entry == entries_.end()) return;
  if (!kept) return erase(entry);
  entry->second.answered = true;
  entry->second.response = response;
  entry->second.bytes = bytes;
  bytes_ += bytes;
}

void IdempotencyKeys::make_room(std::size_t bytes) {
  while (!order_.empty() && bytes_ + bytes > bytes_max_) forget_oldest();
}

void IdempotencyKeys::forget_aged(Instant now) {
  while (!order_.empty() && order_.front().at + kIdempotencyKept < now) forget_oldest();
}

void IdempotencyKeys::forget_oldest() {
  const Place& oldest = order_.front();
  if (const auto entry = find(oldest.key, oldest.number); entry != entries_.end()) erase(entry);
  bytes_ -= bytes_of(oldest.key);
  order_.pop_front();
}

void IdempotencyKeys::erase(Entries::iterator entry) {
  bytes_ -= entry->second.bytes;
  entries_.erase(entry);
}

}  // namespace meterhouse

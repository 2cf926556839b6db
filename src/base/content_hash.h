#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace meterhouse {

// 128 bits that tell contents apart: XXH3-128, which reads as fast as memory gives. Against accidents, not against an
// attacker. Where a frame or a block is only to be found whole, crc32c() (base/checksum.h) is enough.
struct ContentHash {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  std::string hex() const;  // 32 digits, lower case
  // nullopt: not such text
  static std::optional<ContentHash> parse(std::string_view hex);
  friend bool operator==(const ContentHash&, const ContentHash&) = default;
};

// The hash of bytes that come in pieces; how they are cut does not matter. One thread.
class ContentHasher {
 public:
  ContentHasher();
  ~ContentHasher();
  ContentHasher(ContentHasher&&) noexcept;
  ContentHasher& operator=(ContentHasher&&) noexcept;

  void add(std::span<const std::byte> bytes);
  ContentHash value() const;  // of everything so far

 private:
  struct State;
  std::unique_ptr<State> state_;
};

ContentHash content_hash(std::span<const std::byte> bytes);
ContentHash content_hash(std::string_view text);

}  // namespace meterhouse

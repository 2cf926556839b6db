#include "base/content_hash.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <charconv>

#include "base/check.h"

namespace meterhouse {

struct ContentHasher::State {
  XXH3_state_t* xxh = XXH3_createState();  // the library allocates it, aligned as it needs it
  State() {
    MH_CHECK(xxh != nullptr);
    XXH3_128bits_reset(xxh);
  }
  ~State() { XXH3_freeState(xxh); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

ContentHasher::ContentHasher() : state_(std::make_unique<State>()) {}
ContentHasher::~ContentHasher() = default;
ContentHasher::ContentHasher(ContentHasher&&) noexcept = default;
ContentHasher& ContentHasher::operator=(ContentHasher&&) noexcept = default;

void ContentHasher::add(std::span<const std::byte> bytes) {
  XXH3_128bits_update(state_->xxh, bytes.data(), bytes.size());
}

ContentHash ContentHasher::value() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_->xxh);
  return {hash.high64, hash.low64};
}

ContentHash content_hash(std::span<const std::byte> bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.high64, hash.low64};
}

ContentHash content_hash(std::string_view text) {
  return content_hash(std::as_bytes(std::span{text.data(), text.size()}));
}

std::string ContentHash::hex() const { return fmt::format("{:016x}{:016x}", high, low); }

std::optional<ContentHash> ContentHash::parse(std::string_view hex) {
  constexpr std::size_t kHalf = 16;
  if (hex.size() != 2 * kHalf || hex.find_first_not_of("0123456789abcdef") != std::string_view::npos)
    return std::nullopt;
  ContentHash hash;
  std::from_chars(hex.data(), hex.data() + kHalf, hash.high, 16);
  std::from_chars(hex.data() + kHalf, hex.data() + 2 * kHalf, hash.low, 16);
  return hash;
}

}  // namespace meterhouse

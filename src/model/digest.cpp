#include "model/digest.h"

#include <fmt/format.h>
#include <xxhash.h>

namespace meterhouse {

void Digest::add(SeriesKey key, Instant at, MilliWattHours register_value) {
  // Hashed as the 16 bytes of the packed format (little endian), so that any implementation can recompute it.
  const struct {
    std::uint32_t key;
    std::uint32_t seconds;
    std::int64_t value;
  } bytes{key.packed(), static_cast<std::uint32_t>(epoch_seconds(at)), register_value.count()};
  static_assert(sizeof(bytes) == 16);
  const XXH128_hash_t hash = XXH3_128bits(&bytes, sizeof(bytes));
  add_hash(hash.high64, hash.low64);
}

void Digest::add(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  add_hash(hash.high64, hash.low64);
}

void Digest::add_hash(std::uint64_t high, std::uint64_t low) {
  const std::uint64_t sum = low_ + low;
  high_ += high + (sum < low_ ? 1 : 0);
  low_ = sum;
}

void Digest::add(SeriesKey key, const SeriesView& series) {
  for (std::size_t i = 0; i < series.size(); ++i) add(key, series.at[i], series.registers[i]);
}

std::string Digest::hex() const { return fmt::format("{:016x}{:016x}", high_, low_); }

}  // namespace meterhouse

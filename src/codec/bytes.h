#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

namespace meterhouse {

// Little-endian numbers and LEB128 varints, in and out of byte strings.

static_assert(std::endian::native == std::endian::little, "the stored formats are read by plain loads");

// Small magnitudes of either sign to small unsigned numbers: 0, -1, 1, -2 … are 0, 1, 2, 3 …
constexpr std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

template <class T>
void put_fixed(std::vector<std::byte>& out, T value) {
  const auto* bytes = reinterpret_cast<const std::byte*>(&value);
  out.insert(out.end(), bytes, bytes + sizeof value);
}

inline void put_varint(std::vector<std::byte>& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::byte>(value | 0x80));
  out.push_back(static_cast<std::byte>(value));
}

template <class T>
T load_fixed(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// Reads from the front of untrusted bytes. The first read past their end or of an overlong number makes it fail; from
// then on every read gives 0, so a caller may read a whole record and ask ok() once.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  std::size_t position() const { return position_; }
  std::size_t left() const { return bytes_.size() - position_; }

  template <class T>
  T fixed() {
    if (!ok_ || left() < sizeof(T)) return fail<T>();
    const T value = load_fixed<T>(bytes_.data() + position_);
    position_ += sizeof(T);
    return value;
  }

  std::uint64_t varint() {
    if (ok_ && left() > 0 && static_cast<std::uint8_t>(bytes_[position_]) < 0x80)
      return static_cast<std::uint64_t>(bytes_[position_++]);
    return long_varint();
  }

 private:
  std::uint64_t long_varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && ok_ && left() > 0; shift += 7) {
      const auto byte = static_cast<std::uint64_t>(bytes_[position_++]);
      if (shift == 63 && byte > 1) break;
      value |= (byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    return fail<std::uint64_t>();
  }

  template <class T>
  T fail() {
    ok_ = false;
    return T{};
  }

  std::span<const std::byte> bytes_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace meterhouse

#include "base/checksum.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string_view>
#include <vector>

namespace meterhouse {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span{text}); }

TEST(Crc32c, AgreesWithRfc3720) {
  struct Case {
    const char* name;
    std::vector<std::byte> bytes;
    std::uint32_t crc;
  };
  std::vector<std::byte> ascending(32);
  for (std::size_t i = 0; i < ascending.size(); ++i) ascending[i] = static_cast<std::byte>(i);
  for (const Case& c : {Case{"empty", {}, 0}, Case{"32 zeros", std::vector<std::byte>(32), 0x8A9136AA},
                        Case{"32 ones", std::vector<std::byte>(32, std::byte{0xFF}), 0x62A8AB43},
                        Case{"ascending", ascending, 0x46DD794E}}) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(crc32c(c.bytes), c.crc);
  }
  EXPECT_EQ(crc32c(bytes_of("123456789")), 0xE3069283U);
}

TEST(Crc32c, ContinuesOverPieces) {
  const std::string_view text = "the register makes the energy of a gap exact";
  for (std::size_t cut = 0; cut <= text.size(); ++cut)
    EXPECT_EQ(crc32c(bytes_of(text.substr(cut)), crc32c(bytes_of(text.substr(0, cut)))), crc32c(bytes_of(text))) << cut;
}

}  // namespace
}  // namespace meterhouse

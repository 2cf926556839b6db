#include "base/content_hash.h"

#include <gtest/gtest.h>

namespace meterhouse {
namespace {

TEST(ContentHash, IsXxh3OfWhateverPieces) {
  EXPECT_EQ(content_hash(std::string_view{}).hex(), "99aa06d3014798d86001c324468d497f");  // the library's own figure
  const std::string text(10'000, 'x');
  const auto bytes = std::as_bytes(std::span{text});
  for (const std::size_t cut : {std::size_t{0}, std::size_t{1}, std::size_t{255}, std::size_t{4'096}, text.size()}) {
    ContentHasher hasher;
    hasher.add(bytes.first(cut));
    hasher.add(bytes.subspan(cut));
    EXPECT_EQ(hasher.value(), content_hash(text)) << cut;
  }
}

TEST(ContentHash, TextComesBack) {
  const ContentHash hash{0x0123456789abcdef, 7};
  EXPECT_EQ(hash.hex(), "0123456789abcdef0000000000000007");
  EXPECT_EQ(ContentHash::parse(hash.hex()), hash);
  for (const char* wrong : {"", "0", "0123456789ABCDEF0000000000000007", "0123456789abcdef000000000000000g",
                            "0123456789abcdef00000000000000070", "-123456789abcdef0000000000000007"})
    EXPECT_EQ(ContentHash::parse(wrong), std::nullopt) << wrong;
}

}  // namespace
}  // namespace meterhouse

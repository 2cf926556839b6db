// A gzip body in pieces: never more memory than its buffer, never a different text for another cut.
#include "http/gzip_body.h"
#include "base/check.h"
#include "fuzz_target.h"

using namespace meterhouse;

namespace {

constexpr std::size_t kEnough = 1 << 20;  // of a text; a fuzzer is not there to inflate gigabytes

std::optional<std::string> inflate_all(std::string_view compressed, std::size_t piece) {
  Inflater inflater;
  std::string text;
  while (!compressed.empty()) {
    const std::string_view some = compressed.substr(0, piece);
    compressed.remove_prefix(some.size());
    inflater.feed(some);
    for (;;) {
      const auto got = inflater.inflate();
      if (!got) return std::nullopt;
      if (got->empty()) break;
      MH_CHECK(got->size() <= kInflateBytes);
      text += *got;
      if (text.size() > kEnough) return std::nullopt;
    }
  }
  if (!inflater.finish()) return std::nullopt;
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = text_of(data, size);
  MH_CHECK(inflate_all(bytes, bytes.size() + 1) == inflate_all(bytes, 3));
  return 0;
}

// A manifest written by somebody who knows the checksum: damage, or one that is written and read as the same again.
//   input  the text, its checksum line left out; and the text as it is
#include "store/embedded/manifest.h"

#include "base/check.h"
#include "base/checksum.h"
#include "fuzz_target.h"

using namespace meterhouse;

namespace {

void check(std::string_view text) {
  const auto manifest = decode_manifest(text);
  if (!manifest) {
    MH_CHECK(manifest.error().code == Errc::corruption || manifest.error().code == Errc::unavailable);
    return;
  }
  for (const SegmentEntry& segment : manifest->segments) MH_CHECK(segment.name.find('/') == std::string::npos);
  if (manifest->timezone.empty()) return;  // of no site: opening refuses it, and nobody writes it
  MH_CHECK(decode_manifest(encode_manifest(*manifest)) == *manifest);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  check(text);
  check(fmt::format("{}crc32c {:08x}\n", text, crc32c(std::as_bytes(std::span{data, size}))));
  return 0;
}

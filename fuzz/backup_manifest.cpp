// A backup's manifest written by somebody who knows the checksum: damage, or one that is written and read as the same
// again, whose files lie below the directory.
//   input  the text, its checksum left out; and the text as it is
#include "service/backup/backup_manifest.h"

#include "base/check.h"
#include "fuzz_target.h"

using namespace meterhouse;

namespace {

void check(std::string_view text) {
  const auto manifest = decode_backup_manifest(text);
  if (!manifest) {
    MH_CHECK(manifest.error().code == Errc::corruption || manifest.error().code == Errc::unavailable);
    return;
  }
  for (const BackupFile& file : manifest->files) {
    MH_CHECK(!file.path.empty() && file.path.front() != '/');
    MH_CHECK(("/" + file.path + "/").find("/../") == std::string::npos);
  }
  MH_CHECK(decode_backup_manifest(encode_backup_manifest(*manifest)) == *manifest);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  check(text);
  check(fmt::format("{}\"xxh3_128\":\"{}\"}}\n", text, content_hash(text).hex()));
  return 0;
}

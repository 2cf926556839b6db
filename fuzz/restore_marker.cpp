// The note of a restore, the id of a store and the record of a drill, written by somebody who knows the checksum:
// damage, or the one that is written as this text again.
//   input  the text, its last line left out; and the text as it is
#include "service/backup/restore_marker.h"

#include "base/check.h"
#include "base/content_hash.h"
#include "fuzz_target.h"
#include "service/backup/drill_record.h"

using namespace meterhouse;

namespace {

void check(std::string_view text) {
  const auto marker = decode_restore_marker(text);
  if (marker)
    MH_CHECK(encode_restore_marker(*marker) == text);
  else
    MH_CHECK(marker.error().code == Errc::corruption);
  const auto id = decode_store_id(text);
  if (id)
    MH_CHECK(encode_store_id(*id) == text);
  else
    MH_CHECK(id.error().code == Errc::corruption);
  const auto drill = decode_drill_record(text);
  if (drill)
    MH_CHECK(encode_drill_record(*drill) == text);
  else
    MH_CHECK(drill.error().code == Errc::corruption);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  check(text);
  check(fmt::format("{}xxh3-128 {}\n", text, content_hash(text).hex()));
  return 0;
}

#include "service/backup/restore_marker.h"

#include <charconv>

#include "service/backup/backup_manifest.h"
#include "service/backup/checked_lines.h"

namespace meterhouse {
namespace {

Error not_a_marker() { return {Errc::corruption, "not the note of a restore, or its checksum does not match"}; }

}  // namespace

std::string encode_restore_marker(const RestoreMarker& marker) {
  const std::string at = marker.at ? std::to_string(epoch_seconds(*marker.at)) : "newest";
  return with_checksum(fmt::format("meterhouse-restoring 1\nbackup {}\nstore {}\nat {}\nbecomes {}\n", marker.backup,
                                   marker.store.hex(), at, marker.becomes.hex()));
}

Result<RestoreMarker> decode_restore_marker(std::string_view text) {
  std::string_view rest = text;
  if (!take_line(rest, "meterhouse-restoring 1")) return not_a_marker();
  const auto backup = take_line(rest, "backup ");
  const auto store = take_line(rest, "store ");
  const auto at = take_line(rest, "at ");
  const auto becomes = take_line(rest, "becomes ");
  if (!backup || !store || !at || !becomes || !is_plain_path(*backup)) return not_a_marker();
  const auto from = StoreId::parse(*store);
  const auto to = StoreId::parse(*becomes);
  if (!from || !to) return not_a_marker();
  RestoreMarker marker{std::string{*backup}, *from, std::nullopt, *to};
  if (*at != "newest") {
    std::int64_t seconds = 0;
    std::from_chars(at->data(), at->data() + at->size(), seconds);
    marker.at = instant_from_epoch(seconds);
  }
  if (encode_restore_marker(marker) != text) return not_a_marker();
  return marker;
}

Status refuse_while_restoring(FileSystem& files, const std::string& directory) {
  const std::string path = directory + "/" + kRestoringFile;
  const auto there = files.exists(path);
  if (!there) return there.error();
  if (!*there) return {};
  return Error{Errc::unavailable,
               fmt::format("{} is being restored, and not whole yet ({} is there): give the same `meterhouse restore` "
                           "again, which goes on where it was, or remove the directory",
                           directory, path)};
}

}  // namespace meterhouse

#include "service/restore_marker.h"

#include <charconv>
#include <vector>

#include "base/content_hash.h"
#include "service/backup_manifest.h"

namespace meterhouse {
namespace {

Error not_a_marker() { return {Errc::corruption, "not the note of a restore, or its checksum does not match"}; }

// The rest of a line "word rest", taken from the front of the text; nullopt: another line.
std::optional<std::string_view> take_line(std::string_view& text, std::string_view word) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos || !text.starts_with(word)) return std::nullopt;
  const auto rest = text.substr(word.size(), end - word.size());
  text.remove_prefix(end + 1);
  return rest;
}

}  // namespace

std::string encode_restore_marker(const RestoreMarker& marker) {
  const std::string at = marker.at ? std::to_string(epoch_seconds(*marker.at)) : "newest";
  const auto body = fmt::format("meterhouse-restoring 1\nbackup {}\nstore {}\nat {}\nbecomes {}\n", marker.backup,
                                marker.store.hex(), at, marker.becomes.hex());
  return fmt::format("{}xxh3-128 {}\n", body, content_hash(body).hex());
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

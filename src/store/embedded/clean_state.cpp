#include "store/embedded/clean_state.h"

#include <algorithm>

#include "store/embedded/journal.h"

namespace meterhouse {
namespace {

Error beside(const std::string& path) {
  return {Errc::corruption,
          fmt::format("{}: offset 0: data that the manifest does not know; is it missing, or an older one?", path)};
}

// A copy of a store closed in good order has no file in its journal, and then perhaps no directory for it either.
Result<std::vector<std::string>> list_if_there(const FileSystem& files, const std::string& directory) {
  auto names = files.list(directory);
  if (!names && names.error().code == Errc::not_found) return std::vector<std::string>{};
  return names;
}

// A start that was interrupted leaves one file made beforehand, with no frame in it; an end that was, older files.
Status check_journal(FileSystem& files, const std::string& directory, const Manifest& manifest) {
  const auto names = list_if_there(files, directory);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    const auto id = journal_file_id(name);
    if (!id || *id < manifest.first_journal_file) continue;
    if (*id > manifest.first_journal_file) return beside(directory + "/" + name);
    const auto ignore = [](const FrameHeader&, std::span<const std::byte>, const std::string&) { return Status{}; };
    const auto scan = scan_journal(files, directory, *id, manifest.next_sequence, ignore);
    if (!scan) return scan.error();
    if (scan->frames > 0 || scan->torn) return beside(directory + "/" + name);
  }
  return {};
}

}  // namespace

Status check_nothing_beside(FileSystem& files, const std::string& journal_directory,
                            const std::string& segment_directory, const Manifest& manifest) {
  if (auto done = check_journal(files, journal_directory, manifest); !done) return done;
  const auto names = list_if_there(files, segment_directory);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    if (!name.ends_with(".segment")) continue;
    if (std::ranges::find(manifest.segments, name, &SegmentEntry::name) == manifest.segments.end())
      return beside(segment_directory + "/" + name);
  }
  return {};
}

}  // namespace meterhouse

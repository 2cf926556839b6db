#include "store/embedded/directory_snapshot.h"

#include <cstring>
#include <memory>

#include "store/embedded/clean_state.h"
#include "store/embedded/journal.h"
#include "store/embedded/manifest.h"
#include "store/embedded/pending.h"

namespace meterhouse {
namespace {

const VisitFrame kIgnore = [](const FrameHeader&, std::span<const std::byte>, const std::string&) { return Status{}; };

Result<SnapshotFile> file_at(FileSystem& files, const std::string& directory, const std::string& path, bool immutable) {
  const std::string whole = directory + "/" + path;
  const auto file = files.open(whole, OpenMode::read);
  if (!file) return file.error();
  const auto size = (*file)->size();
  if (!size) return size.error();
  // Opened for each piece: a store may have more segments than a process may have open files.
  return SnapshotFile{path, *size, immutable,
                      [&files, whole](std::uint64_t offset, std::span<std::byte> out) -> Status {
                        const auto opened = files.open(whole, OpenMode::read);
                        if (!opened) return opened.error();
                        return (*opened)->read_at(offset, out);
                      }};
}

// The files of a log, from the first that counts on.
Status add_log(FileSystem& files, const std::string& directory, const std::string& log, std::uint64_t first_file,
               StoreSnapshot& snapshot) {
  const auto names = files.list(directory + "/" + log);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    const auto id = journal_file_id(name);
    if (!id || *id < first_file) continue;
    auto file = file_at(files, directory, log + "/" + name, false);
    if (!file) return file.error();
    snapshot.files.push_back(std::move(*file));
  }
  return {};
}

Status add_journal(FileSystem& files, const std::string& directory, const Manifest& manifest, StoreSnapshot& snapshot) {
  snapshot.sequence = manifest.next_sequence - 1;
  if (manifest.clean) return check_nothing_beside(files, directory + "/journal", directory + "/segments", manifest);
  const auto scan =
      scan_journal(files, directory + "/journal", manifest.first_journal_file, manifest.next_sequence, kIgnore);
  if (!scan) return scan.error();
  snapshot.sequence = scan->next_sequence - 1;
  return add_log(files, directory, "journal", manifest.first_journal_file, snapshot);
}

Status add_pending(FileSystem& files, const std::string& directory, const Manifest& manifest, StoreSnapshot& snapshot) {
  snapshot.pending_sequence = manifest.next_pending_sequence - 1;
  if (!manifest.held) return check_no_pending(files, directory + "/pending", manifest);
  const auto scan = scan_pending(files, directory + "/pending", manifest, kIgnore);
  if (!scan) return scan.error();
  snapshot.pending_sequence = scan->next_sequence - 1;
  return add_log(files, directory, "pending", manifest.first_pending_file, snapshot);
}

}  // namespace

Result<StoreSnapshot> snapshot_at_rest(FileSystem& files, const std::string& directory, Instant now) {
  const std::string path = directory + "/MANIFEST";
  auto text = read_file(files, path);
  if (!text) return text.error();
  const auto manifest = decode_manifest(*text);
  if (!manifest) return manifest.error().during(path);
  StoreSnapshot snapshot{.files = {}, .taken_at = now};
  const auto content = std::make_shared<const std::string>(std::move(*text));
  snapshot.files.push_back(
      {"MANIFEST", content->size(), false, [content](std::uint64_t offset, std::span<std::byte> out) {
         std::memcpy(out.data(), content->data() + offset, out.size());
         return Status{};
       }});
  for (const SegmentEntry& segment : manifest->segments) {
    auto file = file_at(files, directory, "segments/" + segment.name, true);
    if (!file) return file.error();
    if (file->size_bytes != segment.size_bytes)
      return Error{Errc::corruption, fmt::format("{}/{}: {} bytes long, the manifest says {}", directory, file->path,
                                                 file->size_bytes, segment.size_bytes)};
    snapshot.files.push_back(std::move(*file));
  }
  if (auto done = add_journal(files, directory, *manifest, snapshot); !done) return done.error();
  if (auto done = add_pending(files, directory, *manifest, snapshot); !done) return done.error();
  return snapshot;
}

}  // namespace meterhouse

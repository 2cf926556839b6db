#include "store/embedded/snapshot_digest.h"

#include <algorithm>
#include <vector>

#include "base/file_system.h"
#include "store/embedded/journal.h"
#include "store/embedded/live_set.h"
#include "store/embedded/manifest.h"
#include "store/embedded/scan.h"

namespace meterhouse {
namespace {

constexpr std::size_t kJoinedReadings = std::size_t{64} << 10;

Error read_only(const std::string& path) { return {Errc::io, fmt::format("{}: a snapshot is only read", path)}; }

class ReadOnlyFile final : public File {
 public:
  explicit ReadOnlyFile(SnapshotFile file) : file_(std::move(file)) {}

  Status read_at(std::uint64_t offset, std::span<std::byte> out) const override {
    if (offset > file_.size_bytes || out.size() > file_.size_bytes - offset)
      return Error{Errc::corruption, fmt::format("{}: ends before offset {}", file_.path, offset + out.size())};
    return file_.read(offset, out);
  }
  Status write_at(std::uint64_t, std::span<const std::byte>) override { return read_only(file_.path); }
  Status sync() override { return read_only(file_.path); }
  Result<std::uint64_t> size() const override { return file_.size_bytes; }
  Status truncate(std::uint64_t) override { return read_only(file_.path); }

 private:
  SnapshotFile file_;
};

// The files of a snapshot under the paths they have in a data directory.
class SnapshotFiles final : public FileSystem {
 public:
  explicit SnapshotFiles(const StoreSnapshot& snapshot) : snapshot_(snapshot) {}

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    if (mode != OpenMode::read) return read_only(path);
    const auto found = std::ranges::find(snapshot_.files, path, &SnapshotFile::path);
    if (found == snapshot_.files.end()) return Error{Errc::not_found, fmt::format("{}: not in the snapshot", path)};
    return std::unique_ptr<File>{std::make_unique<ReadOnlyFile>(*found)};
  }
  Result<std::vector<std::string>> list(const std::string& directory) const override {
    std::vector<std::string> names;
    for (const SnapshotFile& file : snapshot_.files)
      if (file.path.starts_with(directory + "/")) names.push_back(file.path.substr(directory.size() + 1));
    std::ranges::sort(names);
    return names;
  }
  Result<bool> exists(const std::string& path) const override {
    return std::ranges::find(snapshot_.files, path, &SnapshotFile::path) != snapshot_.files.end();
  }
  Status rename(const std::string& from, const std::string&) override { return read_only(from); }
  Status remove(const std::string& path) override { return read_only(path); }
  Status sync_directory(const std::string& path) override { return read_only(path); }
  Status create_directories(const std::string& path) override { return read_only(path); }
  Result<std::unique_ptr<Lock>> lock(const std::string& path) override { return read_only(path); }

 private:
  const StoreSnapshot& snapshot_;
};

}  // namespace

// As a store opens, but for what it writes.
Result<Digest> digest_of(const StoreSnapshot& snapshot, const std::function<Status(std::string_view)>& on_change,
                         const std::function<bool()>& stopping) {
  SnapshotFiles files{snapshot};
  const auto manifest = read_manifest(files, "MANIFEST");
  if (!manifest) return manifest.error();
  auto segments = SegmentSet::open(files, "segments", manifest->segments);
  if (!segments) return segments.error();
  LiveSet live;
  live.publish(std::move(*segments), LiveSet::Folded::no);
  // Many small frames at once: what is older than the segments is looked for in them once a batch. When a reading
  // arrived is outside the digest.
  std::vector<Reading> joined;
  const auto apply_joined = [&]() -> Status {
    const auto counts = live.apply(joined, Instant{});
    joined.clear();
    return counts ? Status{} : counts.error();
  };
  const auto take = [&](const FrameHeader& header, std::span<const std::byte> payload, const std::string&) -> Status {
    if (header.kind == FrameKind::change)
      return on_change ? on_change({reinterpret_cast<const char*>(payload.data()), payload.size()}) : Status{};
    const auto batch = readings_in(payload);
    if (!batch) return batch.error();
    joined.insert(joined.end(), batch->begin(), batch->end());
    return joined.size() < kJoinedReadings ? Status{} : apply_joined();
  };
  if (!manifest->clean) {
    const auto scan = scan_journal(files, "journal", manifest->first_journal_file, manifest->next_sequence, take);
    if (!scan) return scan.error();
    if (auto done = apply_joined(); !done) return done.error();
  }
  Digest digest;
  const auto scanned = scan_readings(live, {}, {}, [&](SeriesKey key, const SeriesView& series) {
    if (stopping && stopping()) return Status{Error{Errc::unavailable, "stopped"}};
    digest.add(key, series);
    return Status{};
  });
  if (!scanned) return scanned.error();
  return digest;
}

}  // namespace meterhouse

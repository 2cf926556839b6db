#include <cstring>

#include "store/embedded/embedded_store.h"

// The files of a store at one moment. Segments never change, and stay readable under their handles when their names are
// gone. Of a log it is what lies before an end known to be durable: its last file is cut there, so that a copy is no
// longer than what it holds. The manifest is the one on the disk. All of it is taken on the thread that folds, and
// behind the lock of the manifest: nothing it names can go before it is opened.

namespace meterhouse {
namespace {

SnapshotFile whole_file(std::string path, std::shared_ptr<const File> file, std::uint64_t size) {
  const auto read = [file](std::uint64_t offset, std::span<std::byte> out) { return file->read_at(offset, out); };
  return {std::move(path), size, false, read};
}

SnapshotFile segment_file(const LiveSegment& live) {
  const auto read = [segment = live.segment](std::uint64_t offset, std::span<std::byte> out) {
    return segment->read_bytes(offset, out);
  };
  return {"segments/" + live.entry.name, live.entry.size_bytes, true, read};
}

SnapshotFile text_file(std::string path, const std::string& text) {
  const auto read = [text](std::uint64_t offset, std::span<std::byte> out) {
    std::memcpy(out.data(), text.data() + offset, out.size());
    return Status{};
  };
  return {std::move(path), text.size(), false, read};
}

// A journal file up to `end`, with room for the frame that ends it: a header that says so, the frames, zeros.
class CutFile {
 public:
  CutFile(std::shared_ptr<const File> file, const JournalEnd& end)
      : file_(std::move(file)), header_(encode_journal_header({end.file, size(end)})), end_(end.offset) {}

  static std::uint64_t size(const JournalEnd& end) { return end.offset + frame_size(0); }

  Status operator()(std::uint64_t offset, std::span<std::byte> out) const {
    if (out.empty()) return {};
    std::memset(out.data(), 0, out.size());
    if (offset < header_.size()) {
      const std::size_t count = std::min<std::uint64_t>(header_.size() - offset, out.size());
      std::memcpy(out.data(), header_.data() + offset, count);
    }
    const std::uint64_t from = std::max<std::uint64_t>(offset, header_.size());
    const std::uint64_t to = std::min(offset + out.size(), end_);
    return from < to ? file_->read_at(from, out.subspan(from - offset, to - from)) : Status{};
  }

 private:
  std::shared_ptr<const File> file_;
  std::vector<std::byte> header_;
  std::uint64_t end_;
};

}  // namespace

Result<StoreSnapshot> EmbeddedReadingStore::snapshot() {
  StoreSnapshot snapshot;
  auto done = on_worker([&] { return take_snapshot(snapshot); });
  if (!done) return done.error().during("snapshot");
  return snapshot;
}

Status EmbeddedReadingStore::take_snapshot(StoreSnapshot& snapshot) {
  if (auto done = name_files(snapshot); !done) return done;
  // Frames that are durable may still be on their way into the head.
  for (auto applied = applied_.load(); applied < snapshot.sequence; applied = applied_.load()) applied_.wait(applied);
  return {};
}

Status EmbeddedReadingStore::name_files(StoreSnapshot& snapshot) {
  const std::scoped_lock lock{manifest_mutex_};
  // After the manifest can no longer change: where it says that nothing is held, what was is in the journal by now.
  const Ends ends = ends_.with([](const Ends& now) { return now; });
  snapshot.taken_at = clock_.now();
  snapshot.sequence = ends.readings.next_sequence - 1;
  const LiveView view = live_.view();
  for (const LiveSegment& live : view.segments->all()) snapshot.files.push_back(segment_file(live));
  if (auto done = name_log("journal", manifest_.first_journal_file, ends.readings, snapshot); !done) return done;
  JournalEnd pending = ends.pending;  // or of a hold before
  if (pending.file < manifest_.first_pending_file)
    pending = {manifest_.first_pending_file, kJournalHeaderSize, manifest_.next_pending_sequence};
  snapshot.pending_sequence = pending.next_sequence - 1;
  if (manifest_.held)
    if (auto done = name_log("pending", manifest_.first_pending_file, pending, snapshot); !done) return done;
  snapshot.files.push_back(text_file("MANIFEST", encode_manifest(manifest_)));
  return {};
}

Status EmbeddedReadingStore::name_log(const std::string& folder, std::uint64_t first_file, JournalEnd end,
                                      StoreSnapshot& snapshot) {
  for (std::uint64_t id = first_file; id <= end.file; ++id) {
    const std::string path = folder + "/" + journal_file_name(id);
    auto file = files_.open(options_.directory + "/" + path, OpenMode::read);
    if (!file) return file.error();
    const auto size = (*file)->size();
    if (!size) return size.error();
    std::shared_ptr<const File> shared = std::move(*file);
    if (id < end.file)
      snapshot.files.push_back(whole_file(path, std::move(shared), *size));
    else
      snapshot.files.push_back({path, CutFile::size(end), false, CutFile{std::move(shared), end}});
  }
  return {};
}

}  // namespace meterhouse

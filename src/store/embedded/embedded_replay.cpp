#include "store/embedded/embedded_replay.h"

#include <utility>

#include "store/embedded/journal.h"
#include "store/embedded/manifest.h"
#include "store/embedded/pending.h"

// The frames go through a Journal of their own, which numbers them on and divides them into files as ever. It would
// sync each; here nothing counts before finish(), which syncs every file once.

namespace meterhouse {
namespace {

constexpr std::uint64_t kNewFileBytes = std::uint64_t{16} << 20;

// As the files below it, but sync() does nothing.
class UnsyncedFile final : public File {
 public:
  explicit UnsyncedFile(std::unique_ptr<File> file) : file_(std::move(file)) {}
  Status read_at(std::uint64_t offset, std::span<std::byte> out) const override { return file_->read_at(offset, out); }
  Status write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
    return file_->write_at(offset, bytes);
  }
  Status sync() override { return {}; }
  Result<std::uint64_t> size() const override { return file_->size(); }
  Status truncate(std::uint64_t size) override { return file_->truncate(size); }

 private:
  std::unique_ptr<File> file_;
};

class UnsyncedFiles final : public FileSystem {
 public:
  explicit UnsyncedFiles(FileSystem& files) : files_(files) {}
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    auto file = files_.open(path, mode);
    if (!file) return file.error();
    return std::make_unique<UnsyncedFile>(std::move(*file));
  }
  Status rename(const std::string& from, const std::string& to) override { return files_.rename(from, to); }
  Status remove(const std::string& path) override { return files_.remove(path); }
  Status sync_directory(const std::string&) override { return {}; }
  Status create_directories(const std::string& path) override { return files_.create_directories(path); }
  Result<std::vector<std::string>> list(const std::string& path) const override { return files_.list(path); }
  Result<bool> exists(const std::string& path) const override { return files_.exists(path); }
  Result<std::unique_ptr<Lock>> lock(const std::string& path) override { return files_.lock(path); }

 private:
  FileSystem& files_;
};

// One of the two logs, with what is put behind it.
class Log {
 public:
  Log(FileSystem& files, std::string directory) : files_(files), unsynced_(files), directory_(std::move(directory)) {}

  using Scan = std::function<Result<JournalScan>(const VisitFrame& visit)>;

  Status open(const Scan& read, FrameReplayReport& report) {
    const auto scan = read([&](const FrameHeader& header, std::span<const std::byte> payload, const std::string&) {
      return header.kind == FrameKind::readings ? note(header, payload, report) : Status{};
    });
    if (!scan) return scan.error();
    Journal::Options options;
    options.directory = directory_;
    options.file_size = kNewFileBytes;
    auto journal = Journal::resume(unsynced_, std::move(options), *scan);
    if (!journal) return journal.error();
    journal_ = std::move(*journal);
    return {};
  }

  Status create(std::uint64_t first_file, std::uint64_t first_sequence) {
    if (auto done = files_.create_directories(directory_); !done) return done;
    Journal::Options options;
    options.directory = directory_;
    options.file_size = kNewFileBytes;
    auto journal = Journal::create(unsynced_, std::move(options), first_file, first_sequence);
    if (!journal) return journal.error();
    journal_ = std::move(*journal);
    return {};
  }

  bool is_open() const { return journal_ != nullptr; }

  Status add(const FrameHeader& header, std::span<const std::byte> payload, FrameReplayReport& report) {
    frame_.resize(kFrameHeaderSize);
    frame_.insert(frame_.end(), payload.begin(), payload.end());
    if (auto done = journal_->write(header.kind, header.arrived, frame_); !done) return done;
    ++report.frames;
    if (header.kind == FrameKind::change) {
      ++report.changes;
      return {};
    }
    report.readings += payload.size() / sizeof(Reading);
    return note(header, payload, report);
  }

  Status finish() {
    if (!journal_) return {};
    const auto names = files_.list(directory_);
    if (!names) return names.error();
    for (const std::string& name : *names) {
      const auto file = files_.open(directory_ + "/" + name, OpenMode::read_write);
      if (!file) return file.error();
      if (auto done = (*file)->sync(); !done) return done;
    }
    return files_.sync_directory(directory_);
  }

 private:
  static Status note(const FrameHeader& header, std::span<const std::byte> payload, FrameReplayReport& report) {
    if (payload.empty() || payload.size() % sizeof(Reading) != 0)
      return Error{Errc::corruption, fmt::format("frame {}: of readings, with a broken length", header.sequence)};
    const auto last = decode_reading(std::span<const std::byte, 16>{payload.last(sizeof(Reading))});
    if (!last) return last.error().during(fmt::format("frame {}", header.sequence));
    if (!report.last || report.last->arrived <= header.arrived) report.last = {*last, header.arrived};
    return {};
  }

  FileSystem& files_;
  UnsyncedFiles unsynced_;
  std::string directory_;
  std::unique_ptr<Journal> journal_;
  std::vector<std::byte> frame_;
};

class EmbeddedReplay final : public FrameReplay {
 public:
  EmbeddedReplay(FileSystem& files, const std::string& directory, Manifest manifest)
      : files_(files),
        directory_(directory),
        manifest_(std::move(manifest)),
        journal_(files, directory + "/journal"),
        pending_(files, directory + "/pending") {}

  Status open() {
    if (!manifest_.clean) {
      const auto scan = [this](const VisitFrame& visit) {
        return scan_journal(files_, directory_ + "/journal", manifest_.first_journal_file, manifest_.next_sequence,
                            visit);
      };
      if (auto done = journal_.open(scan, report_); !done) return done;
    }
    if (!manifest_.held) return {};
    const auto scan = [this](const VisitFrame& visit) {
      return scan_pending(files_, directory_ + "/pending", manifest_, visit);
    };
    return pending_.open(scan, report_);
  }

  Status add(FrameStream stream, std::span<const std::byte> frame) override {
    const auto header = decode_frame(frame);
    if (!header || frame.size() != frame_size(header->payload_size))
      return Error{Errc::corruption, "not a whole frame of a journal"};
    if (header->kind == FrameKind::end) return {};
    added_ = true;
    const auto payload = frame.subspan(kFrameHeaderSize, header->payload_size);
    if (stream == FrameStream::pending && pending_.is_open()) return pending_.add(*header, payload, report_);
    if (!journal_.is_open())
      if (auto done = journal_.create(manifest_.first_journal_file, manifest_.next_sequence); !done) return done;
    return journal_.add(*header, payload, report_);
  }

  // The files stand before the manifest speaks of them.
  Result<FrameReplayReport> finish() override {
    if (!added_) return report_;
    if (manifest_.clean && !journal_.is_open())
      if (auto done = journal_.create(manifest_.first_journal_file, manifest_.next_sequence); !done)
        return done.error();
    for (Log* log : {&journal_, &pending_})
      if (auto done = log->finish(); !done) return done.error();
    if (!manifest_.clean) return report_;
    manifest_.clean = false;
    manifest_.pending_end = 0;
    if (auto done = write_manifest(files_, directory_ + "/MANIFEST", manifest_); !done) return done.error();
    return report_;
  }

 private:
  FileSystem& files_;
  std::string directory_;
  Manifest manifest_;
  Log journal_;
  Log pending_;  // open where the store is held
  bool added_ = false;
  FrameReplayReport report_;
};

}  // namespace

Result<std::unique_ptr<FrameReplay>> replay_frames_into(FileSystem& files, const std::string& directory) {
  auto manifest = read_manifest(files, directory + "/MANIFEST");
  if (!manifest) return manifest.error();
  auto replay = std::make_unique<EmbeddedReplay>(files, directory, std::move(*manifest));
  if (auto done = replay->open(); !done) return done.error();
  return std::unique_ptr<FrameReplay>{std::move(replay)};
}

}  // namespace meterhouse

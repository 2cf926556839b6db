#include "service/backup/restore.h"

#include <algorithm>
#include <set>

#include "service/backup/backup_directory.h"

// The order: a marker, with which nobody opens the directory; the backup's files; behind them the shipped frames; the
// new id; the marker goes. What is begun again keeps the files that are whole: a file gets its name once it is synced,
// for what a killed run wrote, or could not sync, reads well and is gone after a power cut. The logs are whole only
// until frames are put behind them: then they are laid down anew, and the frames again.

namespace meterhouse {
namespace {

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

class Restore {
 public:
  Restore(FileSystem& files, const RestorePlan& plan, const ByteProgress& progress)
      : files_(files),
        plan_(plan),
        to_(plan.request.to),
        backups_(files, unused_clock_, plan.request.from),
        counter_(progress, plan.bytes()) {}

  Result<RestoreReport> run(const OpenFrameReplay& replay, const StoreId& becomes,
                            const std::function<Status()>& settle) {
    if (auto done = begin(becomes); !done) return done.error();
    if (auto done = lay_down(); !done) return done.error();
    if (auto done = add_frames(replay); !done) return done.error();
    if (settle)
      if (auto done = settle(); !done) return done.error();
    if (auto done = write_store_id(files_, to_, report_.store); !done) return done.error();
    if (auto done = files_.remove(to_ + "/" + kRestoringFile); !done) return done.error();
    if (auto done = files_.sync_directory(to_); !done) return done.error();
    return std::move(report_);
  }

 private:
  Status begin(const StoreId& becomes) {
    if (const auto free = check_restore_target(files_, to_); !free) return free.error();
    if (auto done = files_.create_directories(to_); !done) return done;
    auto lock = files_.lock(to_ + "/LOCK");  // the one that a store takes
    if (!lock) return lock.error();
    lock_ = std::move(*lock);
    const auto there = check_restore_target(files_, to_);
    if (!there) return there.error();
    if (*there != plan_.interrupted)
      return Error{Errc::conflict, fmt::format("{} has changed since the restore was planned", to_)};
    report_.store = *there ? (*there)->becomes : becomes;
    if (*there) return remove_strays();
    const RestoreMarker marker{plan_.backup.name, plan_.backup.store, plan_.request.at, becomes};
    return write_file_atomically(files_, to_ + "/" + kRestoringFile, encode_restore_marker(marker));
  }

  // What an interrupted restore left beside the backup's files.
  Status remove_strays() {
    std::set<std::string> wanted;
    for (const BackupFile& file : plan_.backup.files) wanted.insert(file.path);
    for (const char* directory : {"journal", "pending", "segments"}) {
      const auto there = files_.exists(to_ + "/" + directory);
      if (!there) return there.error();
      if (!*there) continue;
      const auto names = files_.list(to_ + "/" + directory);
      if (!names) return names.error();
      for (const std::string& name : *names)
        if (const auto path = fmt::format("{}/{}", directory, name); !wanted.contains(path))
          if (auto done = remove_tree(files_, to_ + "/" + path); !done) return done;
    }
    // A log of the catalog's would be applied to the copy that is laid down anew.
    for (const char* log : {"catalog.sqlite-wal", "catalog.sqlite-shm", "catalog.sqlite-journal"})
      if (auto done = remove_tree(files_, to_ + "/" + log); !done) return done;
    return {};
  }

  // The catalog is the first, the manifest of the store the last: as a matter of order, the marker is what counts.
  Status lay_down() {
    std::vector<const BackupFile*> order;
    for (const BackupFile& file : plan_.backup.files) order.push_back(&file);
    const auto rank = [](const BackupFile* file) {
      return file->path == "catalog.sqlite" ? 0 : file->path == "MANIFEST" ? 2 : 1;
    };
    std::ranges::stable_sort(order, {}, rank);
    std::set<std::string> directories{to_};
    for (const BackupFile* file : order) {
      directories.insert(parent_of(to_ + "/" + file->path));
      if (auto done = lay_down(*file); !done) return done;
    }
    for (const std::string& directory : directories)
      if (auto done = files_.sync_directory(directory); !done) return done;
    return {};
  }

  Status lay_down(const BackupFile& file) {
    const std::string path = to_ + "/" + file.path;
    if (plan_.interrupted) {
      const ByteProgress untold;
      ByteCounter uncounted{untold, 0};
      const auto there = hash_file(files_, path, file.size_bytes, uncounted);
      if (there && *there == file.hash) {
        ++report_.files_kept;
        return counter_.add(file.size_bytes);
      }
    }
    if (auto done = files_.create_directories(parent_of(path)); !done) return done;
    const std::string from = backups_.location(plan_.backup.name, file);
    const auto read = reader_of(files_, from, file.size_bytes);
    if (!read) return read.error();
    const std::string part = path + ".part";
    const auto hash = write_bytes(files_, part, file.size_bytes, *read, counter_);
    if (!hash) return hash.error();
    if (*hash != file.hash)
      return Error{Errc::corruption, fmt::format("{}: its bytes have changed since they were checked", from)};
    if (auto done = files_.rename(part, path); !done) return done;
    ++report_.files;
    return {};
  }

  Status add_frames(const OpenFrameReplay& open) {
    auto replay = open(files_, to_);
    if (!replay) return replay.error();
    for (const auto& [stream, planned] :
         {std::pair{FrameStream::readings, &plan_.readings}, std::pair{FrameStream::pending, &plan_.pending}})
      if (auto done = add_stream(**replay, stream, *planned); !done) return done;
    auto frames = (*replay)->finish();
    if (!frames) return frames.error();
    report_.frames = *frames;
    return {};
  }

  // What was shipped since the plan was made is left for another time: its last frame is the last.
  Status add_stream(FrameReplay& replay, FrameStream stream, const StreamPlan& planned) {
    const auto add = [&](const ShippedRecord& record) -> Status {
      if (record.sequence > planned.last_sequence) return {};
      if (plan_.request.at && record.arrived > *plan_.request.at) return {};
      auto done = replay.add(stream, record.frame);
      return done ? done : Status{done.error().during(fmt::format("shipped frame {}", record.sequence))};
    };
    const auto scan =
        scan_pieces(files_, backups_.journal_directory(), stream, plan_.backup.store, planned.after, add, counter_);
    if (!scan) return scan.error();
    if (!scan->damages.empty()) return Error{Errc::corruption, scan->damages.front()};
    return {};
  }

  FileSystem& files_;
  const RestorePlan& plan_;
  const std::string& to_;
  const ManualClock unused_clock_{Instant{}};  // only making backups asks for the time
  BackupDirectory backups_;
  ByteCounter counter_;
  std::unique_ptr<FileSystem::Lock> lock_;
  RestoreReport report_;
};

}  // namespace

Result<RestoreReport> restore(FileSystem& files, const RestorePlan& plan, const OpenFrameReplay& replay,
                              const StoreId& becomes, const ByteProgress& progress,
                              const std::function<Status()>& settle) {
  auto report = Restore{files, plan, progress}.run(replay, becomes, settle);
  if (report) return report;
  const auto then = fmt::format("remove {} and begin again", plan.request.to);
  return unless_pruned(files, plan, report.error(), then)
      .during(fmt::format("restore {} from {}", plan.request.to, plan.request.from));
}

Status touch_days_closed_after(DayCatalog& catalog, std::uint64_t sequence) {
  const auto end = DayCatalog::kLastDay + date::days{1};
  for (auto from = DayCatalog::kFirstDay; from < end;) {
    const auto closed = catalog.closed_days(from, end, DayCatalog::kMaxDaysPerPage);
    if (!closed) return closed.error();
    if (closed->empty()) return {};
    std::vector<date::local_days> later;
    for (const ClosedDay& day : *closed)
      if (day.sequence > sequence) later.push_back(day.day);
    if (auto done = catalog.touch_days(later, sequence); !done) return done;
    from = closed->back().day + date::days{1};
  }
  return {};
}

}  // namespace meterhouse

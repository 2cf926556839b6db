#pragma once

#include <mutex>
#include <string>

#include "base/guarded.h"
#include "service/backup/backup_directory.h"
#include "service/backup/drill.h"
#include "service/backup/journal_shipper.h"
#include "service/jobs/job_runner.h"
#include "service/registry.h"
#include "store/catalog.h"
#include "store/readings.h"

namespace meterhouse {

inline constexpr const char* kBackupJob = "backup";
inline constexpr const char* kDrillJob = "backup_drill";

// Backups of the store that runs, as steps of jobs. All references outlive it.
//   threads  create, verify_newest and drill: one at a time (the job runner's); list, newest: any
class OnlineBackup {
 public:
  struct Parts {
    FileSystem& files;
    const Clock& clock;
    std::string directory;
    StoreId store;
    ReadingStore& readings;
    const Catalog& catalog;
    Registry& registry;
    std::size_t kept = 0;               // on how many of the newest days with backups one stays; 0: all stay
    JournalShipper* shipper = nullptr;  // begins new pieces behind each backup; null: the journal is not shipped
    // Of the readings, and each catalog change that is not folded yet is visited; asked between two series.
    std::function<Result<Digest>(const StoreSnapshot&, const std::function<Status(std::string_view change)>& on_change,
                                 const std::function<bool()>& stopping)>
        digest_of;
    // Of the meters in this copy of the catalog, once the changes are applied.
    std::function<Result<Digest>(const std::string& copy, std::span<const std::string> changes)> digest_of_meters;
    // As DrillParts has them.
    OpenFrameReplay replay;
    std::function<Status(const RestorePlan&)> settle;
    std::function<Result<Digests>(const std::string& directory)> digests_of_directory;
    std::function<Result<std::uint64_t>(const std::string& directory)> free_bytes;
  };

  explicit OnlineBackup(Parts parts)
      : parts_(std::move(parts)), backups_(parts_.files, parts_.clock, parts_.directory) {}

  const std::string& directory() const { return backups_.path(); }

  // Makes one. What came of it, in a sentence.
  Result<std::string> create(StepContext& context);
  // Reads every byte of the newest, and removes those past what is kept. Where it is damaged, the damaged files are set
  // aside and it is made again from the store's own. errors  corruption: that one is damaged, too; names the backups
  // and the files
  Result<std::string> verify_newest(StepContext& context);
  // Restores the newest and compares. errors  corruption: it did not pass; unavailable: it could not be tried
  Result<std::string> drill(StepContext& context);
  // Empty where there is no directory yet.
  Result<std::vector<ListedBackup>> list() const;
  // What came of the newest drill; nullopt: there was none. errors  as read_drill_record()
  Result<std::optional<DrillRecord>> last_drill() const { return read_drill_record(parts_.files, directory()); }

  // When the newest whole one was finished, as of the first call, or of the newest verify_newest() since; nullopt:
  // there is none.
  std::optional<Instant> newest();

  // The steps of the job that makes and checks one, and of the one that drills.
  std::vector<JobStepWork> steps();
  std::vector<JobStepWork> drill_steps();

 private:
  Result<StoreMoment> moment(StepContext& context) const;
  Result<BackupCheck> check_newest(StepContext& context);
  void look();

  Parts parts_;
  BackupDirectory backups_;
  std::once_flag looked_;
  Guarded<std::optional<Instant>> newest_;
};

}  // namespace meterhouse

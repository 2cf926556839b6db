#pragma once

#include <mutex>
#include <string>

#include "base/guarded.h"
#include "service/backup_directory.h"
#include "service/job_runner.h"
#include "service/journal_shipper.h"
#include "store/catalog.h"
#include "store/readings.h"

namespace meterhouse {

inline constexpr const char* kBackupJob = "backup";

// Backups of the store that runs, as steps of jobs. All references outlive it.
//   threads  create and verify: one at a time (the job runner's); list, newest: any
class OnlineBackup {
 public:
  // kept     how many of the newest sound ones stay; 0: all
  // shipper  begins new pieces behind each backup; null: the journal is not shipped
  OnlineBackup(FileSystem& files, const Clock& clock, std::string directory, StoreId store, ReadingStore& readings,
               const Catalog& catalog, std::size_t kept, JournalShipper* shipper)
      : backups_(files, clock, std::move(directory)),
        store_(std::move(store)),
        readings_(readings),
        catalog_(catalog),
        kept_(kept),
        shipper_(shipper) {}

  const std::string& directory() const { return backups_.path(); }

  // Makes one, and removes the oldest past those kept. What came of it, in a sentence.
  Result<std::string> create(StepContext& context);
  // Reads every byte of the newest. errors  corruption: names the backup and the files
  Result<std::string> verify_newest(StepContext& context) const;
  // Empty where there is no directory yet.
  Result<std::vector<ListedBackup>> list() const;

  // When the newest whole one was finished; nullopt: there is none. Looks for it once, and knows what it made since.
  std::optional<Instant> newest();

  // The steps of the job that makes and checks one.
  std::vector<JobStepWork> steps();

 private:
  BackupDirectory backups_;
  StoreId store_;
  ReadingStore& readings_;
  const Catalog& catalog_;
  std::size_t kept_;
  JournalShipper* shipper_;
  std::once_flag looked_;
  Guarded<std::optional<Instant>> newest_;
};

}  // namespace meterhouse

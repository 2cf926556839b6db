#include "service/backup/backup_reach.h"

#include <algorithm>

#include "service/backup/backup_directory.h"
#include "service/backup/shipped_journal.h"

namespace meterhouse {
namespace {

constexpr FrameStream kStreams[] = {FrameStream::readings, FrameStream::pending};

}  // namespace

Result<BackupReach> reach_of(FileSystem& files, const std::string& directory, const StoreId& store) {
  const ManualClock unused{Instant{}};  // only making backups asks for the time
  const BackupDirectory backups{files, unused, directory};
  BackupReach reach;
  const auto there = backups.list();
  if (!there && there.error().code == Errc::not_found) return reach;
  if (!there) return there.error();
  for (const ListedBackup& backup : *there) {
    if (!backup.damage.empty() || backup.manifest->store != store) continue;
    reach.backed_up[0] = std::max(reach.backed_up[0], backup.manifest->sequence);
    reach.backed_up[1] = std::max(reach.backed_up[1], backup.manifest->pending_sequence);
  }
  for (std::size_t i = 0; i < std::size(kStreams); ++i) {
    const auto shipped = newest_shipped(files, backups.journal_directory(), kStreams[i], store);
    if (!shipped) return shipped.error();
    reach.shipped[i] = *shipped;
  }
  return reach;
}

Status check_goes_on(const std::string& directory, const BackupReach& reach, const std::array<FrameRange, 2>& frames) {
  for (std::size_t i = 0; i < std::size(kStreams); ++i) {
    const std::uint64_t there = std::max(reach.backed_up[i], reach.shipped[i]);
    if (there < frames[i].next) continue;
    return Error{Errc::conflict,
                 fmt::format("{} is of a later moment than the store (frame {} of {} against {}): was an older copy of "
                             "the data directory put back, or the end of its journal lost? Restore from there "
                             "(meterhouse restore --from {} --to NEW), which has all of it; or go on from what is here "
                             "with another --backup-dir",
                             directory, there, to_string(kStreams[i]), frames[i].next - 1, directory)};
  }
  return {};
}

}  // namespace meterhouse

#include <date/date.h>
#include <algorithm>

#include "service/backup/backup_directory.h"
#include "service/backup/restore.h"

// What a restore will do: chosen and checked before anything is touched.

namespace meterhouse {
namespace {

std::string utc_text(Instant at) { return date::format("%Y-%m-%dT%H:%M:%SZ", at); }

// Of a name alone, where the manifest cannot be read: whether the backup may have been begun by then.
bool may_be_from_before(const std::string& name, std::optional<Instant> at) {
  return !at || name <= "backup-" + date::format("%Y%m%dT%H%M%SZ", *at) + "~";
}

bool is_finished_by(const BackupManifest& manifest, std::optional<Instant> at) {
  return !at || manifest.finished <= *at;
}

bool has_backup(const std::vector<ListedBackup>& backups, const std::string& name) {
  return std::ranges::find(backups, name, &ListedBackup::name) != backups.end();
}

Result<BackupManifest> named_backup(const std::vector<ListedBackup>& backups, const RestoreRequest& request,
                                    const std::string& name) {
  const auto found = std::ranges::find(backups, name, &ListedBackup::name);
  if (found == backups.end())
    return Error{Errc::not_found, fmt::format("{}: there is no backup {}", request.from, name)};
  if (!found->damage.empty()) return Error{Errc::corruption, fmt::format("{}: {}", name, found->damage)};
  if (!is_finished_by(*found->manifest, request.at))
    return Error{Errc::not_found, fmt::format("{} was finished at {}, after {}: name an older one", name,
                                              utc_text(found->manifest->finished), utc_text(*request.at))};
  return *found->manifest;
}

Result<BackupManifest> newest_backup(const std::vector<ListedBackup>& backups, const RestoreRequest& request) {
  const ListedBackup* newest = nullptr;
  for (const ListedBackup& backup : backups)
    if (backup.damage.empty() && is_finished_by(*backup.manifest, request.at))
      if (newest == nullptr || is_newer(*backup.manifest, *newest->manifest)) newest = &backup;
  for (const ListedBackup& backup : backups) {
    if (backup.damage.empty()) continue;
    const bool in_time =
        backup.manifest ? is_finished_by(*backup.manifest, request.at) : may_be_from_before(backup.name, request.at);
    if (!in_time || (newest != nullptr && backup.name < newest->name)) continue;
    const auto instead = newest == nullptr
                             ? std::string{"no other one was finished by then"}
                             : fmt::format("to restore from the newest sound one name it: --backup {}", newest->name);
    return Error{Errc::corruption, fmt::format("{} is damaged ({}); {}", backup.name, backup.damage, instead)};
  }
  if (newest != nullptr) return *newest->manifest;
  return Error{Errc::not_found,
               request.at ? fmt::format("{}: no backup was finished by {}", request.from, utc_text(*request.at))
                          : fmt::format("{}: there is no backup", request.from)};
}

// What lies in an empty target all the same.
bool may_lie_there(const std::string& name) {
  return name == "LOCK" || name == "lost+found" || name == std::string{kRestoringFile} + ".new";
}

Status check_sound(const BackupDirectory& backups, const BackupManifest& backup, const ByteProgress& progress) {
  const auto check = backups.verify(backup.name, progress);
  if (!check) return check.error();
  if (check->sound()) return {};
  const auto& damages = check->backups.front().damages;
  const auto more = damages.size() == 1 ? std::string{} : fmt::format(" (and {} more)", damages.size() - 1);
  return Error{Errc::corruption,
               fmt::format("{} is damaged: {}{}; nothing was restored", backup.name, damages.front(), more)};
}

// A gap counts unless a frame before it came too late: what is missing may have been acknowledged in time.
Result<StreamPlan> plan_stream(FileSystem& files, const RestorePlan& plan, FrameStream stream, std::uint64_t after,
                               ByteCounter& counter) {
  StreamPlan found;
  found.after = found.last_sequence = after;
  std::uint64_t limit = ~std::uint64_t{0};
  if (plan.request.up_to_frame) limit = stream == FrameStream::readings ? *plan.request.up_to_frame : after;
  std::uint64_t first_later = ~std::uint64_t{0};
  const auto visit = [&](const ShippedRecord& record) -> Status {
    if (record.sequence > limit || (plan.request.at && record.arrived > *plan.request.at)) {
      if (found.later++ == 0) first_later = record.sequence;
      return {};
    }
    ++found.frames;
    found.last_sequence = record.sequence;
    if (record.arrived > Instant{})
      found.last_arrival = std::max(record.arrived, found.last_arrival.value_or(Instant{}));
    return {};
  };
  auto scan = scan_pieces(files, plan.request.from + "/journal", stream, plan.backup.store, after, visit, counter);
  if (!scan) return scan.error();
  if (!scan->damages.empty())
    return Error{
        Errc::corruption,
        fmt::format("{}; nothing was restored. To do without it move it away: its frames are then a gap, and told",
                    scan->damages.front())};
  for (const ShippedGap& gap : scan->gaps)
    if (gap.first < first_later && gap.first <= limit) found.gaps.push_back(gap);
  found.pieces = scan->pieces.size();
  for (const PieceInfo& piece : scan->pieces) found.bytes += piece.size_bytes;
  found.unclosed = std::move(scan->unclosed);
  return found;
}

// Every byte of the backup and of the frames behind it.
Status read_all(FileSystem& files, const BackupDirectory& backups, RestorePlan& plan, const ByteProgress& progress) {
  if (const auto sound = check_sound(backups, plan.backup, progress); !sound) return sound.error();
  for (const FrameStream stream : {FrameStream::readings, FrameStream::pending}) {
    const bool ordinary = stream == FrameStream::readings;
    const std::uint64_t after = ordinary ? plan.backup.sequence : plan.backup.pending_sequence;
    const auto pieces = pieces_behind(files, backups.journal_directory(), stream, after);
    if (!pieces) return pieces.error();
    ByteCounter counter{progress, pieces->bytes};
    auto found = plan_stream(files, plan, stream, after, counter);
    if (!found) return found.error();
    (ordinary ? plan.readings : plan.pending) = std::move(*found);
  }
  return {};
}

}  // namespace

Error unless_pruned(const FileSystem& files, const RestorePlan& plan, Error error, std::string_view then) {
  const auto there = files.exists(plan.request.from + "/" + plan.backup.name);
  if (!there || *there) return error;
  return {Errc::unavailable, fmt::format("{} was pruned meanwhile; {}", plan.backup.name, then)};
}

// The restore that was interrupted there; nullopt: the target is free.
Result<std::optional<RestoreMarker>> check_restore_target(FileSystem& files, const std::string& to) {
  const auto there = files.exists(to);
  if (!there) return there.error();
  if (!*there) return std::optional<RestoreMarker>{};
  const std::string path = to + "/" + kRestoringFile;
  const auto interrupted = files.exists(path);
  if (!interrupted) return interrupted.error();
  if (*interrupted) {
    const auto text = read_file(files, path);
    if (!text) return text.error();
    auto marker = decode_restore_marker(*text);
    if (!marker) return marker.error().during(path + " (remove the directory to begin anew)");
    return std::optional{std::move(*marker)};
  }
  const auto names = files.list(to);
  if (!names) return names.error();
  if (std::ranges::all_of(*names, may_lie_there)) return std::optional<RestoreMarker>{};
  return Error{Errc::invalid_argument,
               fmt::format("{} is not empty; name a directory that is new or empty to restore into", to)};
}

Result<RestorePlan> plan_restore(FileSystem& files, const RestoreRequest& request, const ByteProgress& progress) {
  RestorePlan plan{.request = request, .backup = {}, .readings = {}, .pending = {}};
  auto interrupted = check_restore_target(files, request.to);
  if (!interrupted) return interrupted.error();
  const ManualClock unused{Instant{}};  // only making backups asks for the time
  const BackupDirectory backups{files, unused, request.from};
  const auto list = backups.list();
  if (!list) return list.error();
  const auto name = request.backup ? request.backup
                    : *interrupted ? std::optional{(*interrupted)->backup}
                                   : std::nullopt;
  auto chosen = name ? named_backup(*list, request, *name) : newest_backup(*list, request);
  if (!chosen && *interrupted && !has_backup(*list, (*interrupted)->backup))
    return Error{Errc::not_found, fmt::format("{} holds an interrupted restore of {}, which is not in {} any more: "
                                              "remove the directory and begin again",
                                              request.to, (*interrupted)->backup, request.from)};
  if (!chosen) return chosen.error();
  plan.backup = std::move(*chosen);
  plan.interrupted = std::move(*interrupted);
  if (plan.interrupted && (plan.interrupted->backup != plan.backup.name || plan.interrupted->at != request.at ||
                           plan.interrupted->store != plan.backup.store))
    return Error{Errc::invalid_argument,
                 fmt::format("{} holds an interrupted restore of something else ({}{}): go on with that, or remove the "
                             "directory",
                             request.to, plan.interrupted->backup,
                             plan.interrupted->at ? ", at " + utc_text(*plan.interrupted->at) : std::string{})};

  if (const auto read = read_all(files, backups, plan, progress); !read)
    return unless_pruned(files, plan, read.error(), "begin again");
  return plan;
}

}  // namespace meterhouse

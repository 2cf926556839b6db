#include "service/backup/backup_directory.h"

#include <date/date.h>

#include <algorithm>
#include <tuple>

#include "service/backup/drill_record.h"
#include "service/backup/shipped_journal.h"

// Reading a directory of backups, and removing from it.

namespace meterhouse {
namespace {

bool is_backup_name(const std::string& name) {
  return name.starts_with(kBackupPrefix) && !name.ends_with(".part") && is_plain_path(name);
}

}  // namespace

bool is_newer(const BackupManifest& a, const BackupManifest& b) {
  // Of those begun in one second the names end in -2, -3, … -10.
  const auto rank = [](const BackupManifest& backup) {
    return std::tuple{backup.sequence, backup.pending_sequence, backup.finished, backup.name.size(),
                      std::string_view{backup.name}};
  };
  return rank(a) > rank(b);
}

bool is_shared_path(std::string_view path) { return path.starts_with("segments/"); }

bool BackupCheck::sound() const {
  return damages.empty() && std::ranges::all_of(backups, [](const auto& backup) { return backup.damages.empty(); });
}

std::string BackupDirectory::location(const std::string& backup, const BackupFile& file) const {
  return is_shared_path(file.path) ? path_ + "/" + file.path : path_ + "/" + backup + "/" + file.path;
}

// What is wrong with the file as far as its name and size tell; empty: nothing.
std::string BackupDirectory::missing_or_cut(const std::string& name, const BackupFile& file) const {
  const auto read = reader_of(files_, location(name, file), file.size_bytes);
  if (read) return {};
  if (read.error().code == Errc::not_found) return missing(location(name, file));
  return read.error().message;
}

// What there is to say of a file that is not there.
std::string BackupDirectory::missing(const std::string& path) const {
  const bool aside = files_.exists(path + std::string{kDamaged}).value_or(false);
  return path + (aside ? ": found damaged, and set aside" : ": missing");
}

// seen: what was found of shared files, each looked at once.
ListedBackup BackupDirectory::inspect(const std::string& name, std::map<std::string, std::string>& seen) const {
  ListedBackup backup{.name = name};
  const std::string path = path_ + "/" + name + "/manifest.json";
  const auto text = read_file(files_, path);
  if (!text) {
    backup.damage = text.error().code == Errc::not_found ? fmt::format("{}: missing", path) : text.error().message;
    return backup;
  }
  auto manifest = decode_backup_manifest(*text);
  if (!manifest) {
    backup.damage = fmt::format("{}: {}", path, manifest.error().message);
    return backup;
  }
  if (manifest->name != name) {
    backup.damage = fmt::format("{}: it is the manifest of {}", path, manifest->name);
    return backup;
  }
  for (const BackupFile& file : manifest->files) {
    auto found = seen.find(location(name, file));
    if (found == seen.end()) found = seen.emplace(location(name, file), missing_or_cut(name, file)).first;
    if (backup.damage.empty()) backup.damage = found->second;
  }
  backup.manifest = std::move(*manifest);
  return backup;
}

Result<std::vector<ListedBackup>> BackupDirectory::list() const {
  const auto names = files_.list(path_);
  if (!names) {
    if (names.error().code != Errc::not_found) return names.error();
    return Error{Errc::not_found, fmt::format("{}: no such directory", path_)};
  }
  std::vector<ListedBackup> backups;
  std::map<std::string, std::string> seen;
  for (const std::string& name : *names)
    if (is_backup_name(name)) backups.push_back(inspect(name, seen));
  return backups;
}

Result<BackupCheck> BackupDirectory::verify(const ByteProgress& progress) const {
  const auto backups = list();
  if (!backups) return backups.error();
  auto check = verify_these(*backups, progress);
  if (!check) return check;
  if (const auto id = read_store_id(files_, path_); !id) check->damages.push_back(id.error().message);
  if (const auto drill = read_drill_record(files_, path_); !drill) check->damages.push_back(drill.error().message);
  if (const auto read = verify_pieces(*backups, progress, *check); !read) return read.error();
  return check;
}

Result<BackupCheck> BackupDirectory::verify(const std::string& name, const ByteProgress& progress) const {
  auto backups = list();
  if (!backups) return backups.error();
  std::erase_if(*backups, [&](const ListedBackup& backup) { return backup.name != name; });
  if (backups->empty()) return Error{Errc::not_found, fmt::format("{}: there is no backup {}", path_, name)};
  return verify_these(*backups, progress);
}

Result<BackupCheck> BackupDirectory::verify_these(const std::vector<ListedBackup>& backups,
                                                  const ByteProgress& progress) const {
  std::map<std::string, std::uint64_t> sizes;
  for (const ListedBackup& backup : backups)
    if (backup.manifest)
      for (const BackupFile& file : backup.manifest->files) sizes[location(backup.name, file)] = file.size_bytes;
  std::uint64_t total = 0;
  for (const auto& [path, size] : sizes) total += size;
  ByteCounter counter{progress, total};

  BackupCheck check;
  std::map<std::string, Result<ContentHash>> hashes;  // of shared files, each read once
  const auto damage_of = [&](const std::string& path, const BackupFile& file) -> std::string {
    auto found = hashes.find(path);
    if (found == hashes.end()) {
      found = hashes.emplace(path, hash_file(files_, path, file.size_bytes, counter)).first;
      ++check.files;
    }
    const auto& hash = found->second;
    if (!hash) return hash.error().code == Errc::not_found ? missing(path) : hash.error().message;
    if (*hash != file.hash)
      return fmt::format("{}: its bytes have changed (xxh3-128 {}, backed up was {})", path, hash->hex(),
                         file.hash.hex());
    return {};
  };
  for (const ListedBackup& backup : backups) {
    CheckedBackup& checked = check.backups.emplace_back(CheckedBackup{.name = backup.name, .damages = {}});
    if (!backup.manifest) {
      checked.damages.push_back(backup.damage);
      continue;
    }
    for (const BackupFile& file : backup.manifest->files) {
      const std::string path = location(backup.name, file);
      auto damage = damage_of(path, file);
      if (damage.empty()) continue;
      const auto& hash = hashes.at(path);
      if (!hash && hash.error().code == Errc::unavailable) return hash.error();
      if (hash || hash.error().code != Errc::not_found) checked.damaged_files.push_back(path);
      checked.damages.push_back(std::move(damage));
    }
  }
  check.bytes = counter.done();
  return check;
}

Status BackupDirectory::set_aside(const BackupCheck& check) {
  const auto held = lock();
  if (!held) return held.error();
  std::set<std::string> paths;
  for (const CheckedBackup& backup : check.backups)
    paths.insert(backup.damaged_files.begin(), backup.damaged_files.end());
  for (const std::string& path : paths) {
    if (auto done = files_.rename(path, path + std::string{kDamaged}); !done) return done;
    if (auto done = files_.sync_directory(path.substr(0, path.rfind('/'))); !done) return done;
  }
  return {};
}

// Of each stream, what a restore to a moment needs.
Status BackupDirectory::verify_pieces(const std::vector<ListedBackup>& backups, const ByteProgress& progress,
                                      BackupCheck& check) const {
  const BackupManifest* oldest = nullptr;
  for (const ListedBackup& backup : backups)
    if (backup.manifest && (oldest == nullptr || is_newer(*oldest, *backup.manifest))) oldest = &*backup.manifest;
  const auto names = files_.exists(journal_directory()).value_or(false) ? files_.list(journal_directory())
                                                                        : std::vector<std::string>{};
  if (!names) return names.error();
  for (const std::string& name : *names)
    if (!parse_piece_name(name) && !name.ends_with(".part"))
      check.damages.push_back(fmt::format("{}/{}: set aside as damaged", journal_directory(), name));
  for (const FrameStream stream : {FrameStream::readings, FrameStream::pending}) {
    const auto to_read = pieces_behind(files_, journal_directory(), stream, 0);
    if (!to_read) return to_read.error();
    ByteCounter counter{progress, to_read->bytes};
    const auto store = oldest != nullptr ? Result<std::optional<StoreId>>{oldest->store} : owner();
    if (!store) return store.error();
    const auto scan = scan_pieces(
        files_, journal_directory(), stream, store->value_or(StoreId{}), 0,
        [](const ShippedRecord&) { return Status{}; }, counter);
    if (!scan) return scan.error();
    check.pieces += scan->pieces.size();
    check.bytes += counter.done();
    check.damages.insert(check.damages.end(), scan->damages.begin(), scan->damages.end());
    const std::uint64_t from = oldest == nullptr                 ? scan->last_sequence
                               : stream == FrameStream::readings ? oldest->sequence
                                                                 : oldest->pending_sequence;
    for (const ShippedGap& gap : scan->gaps)
      if (gap.last > from)
        check.notes.push_back(fmt::format("{}: frames {} to {} were not shipped", to_string(stream),
                                          std::max(gap.first, from + 1), gap.last));
    if (scan->unclosed)
      check.notes.push_back(fmt::format("{}/{}: not closed, ends with frame {}{}", journal_directory(),
                                        scan->unclosed->name, scan->unclosed->last_sequence,
                                        scan->unclosed->torn_bytes() == 0
                                            ? std::string{}
                                            : fmt::format("; {} bytes at offset {} are torn",
                                                          scan->unclosed->torn_bytes(), scan->unclosed->end_offset)));
  }
  return {};
}

namespace {

// newest_first  none damaged
std::set<std::string> kept_by(const KeepRule& rule, const std::vector<const ListedBackup*>& newest_first) {
  const bool all = !rule.newest && !rule.since && !rule.days;
  std::set<std::string> kept;
  std::map<date::sys_days, std::size_t> on_day;
  for (std::size_t i = 0; i < newest_first.size(); ++i) {
    const BackupManifest& backup = *newest_first[i]->manifest;
    const std::size_t nth = ++on_day[date::floor<date::days>(backup.started)];
    const bool by_count = rule.newest && i < *rule.newest;
    const bool by_age = rule.since && backup.started >= *rule.since;
    const bool by_day =
        rule.days && on_day.size() <= *rule.days && nth <= (on_day.size() == 1 ? kKeptOfNewestDay : std::size_t{1});
    if (all || by_count || by_age || by_day) kept.insert(backup.name);
  }
  return kept;
}

}  // namespace

// The names of those to keep; where that leaves one out, at least one of them is known to be sound.
Result<std::set<std::string>> BackupDirectory::chosen(const std::vector<const ListedBackup*>& newest_first,
                                                      const KeepRule& rule, const std::string& sound,
                                                      const ByteProgress& progress) const {
  std::set<std::string> kept = kept_by(rule, newest_first);
  if (kept.size() == newest_first.size() || kept.contains(sound)) return kept;
  std::string first_damage;
  for (const ListedBackup* backup : newest_first) {
    const auto check = verify_these({*backup}, progress);
    if (!check) return check.error();
    kept.insert(backup->name);
    if (check->sound()) return kept;
    if (first_damage.empty()) first_damage = check->backups.front().damages.front();
  }
  return Error{Errc::corruption, fmt::format("{}: no backup is sound, nothing was removed ({})", path_,
                                             first_damage.empty() ? std::string{"there is none"} : first_damage)};
}

Result<PruneReport> BackupDirectory::prune(const KeepRule& rule, const ByteProgress& progress,
                                           const std::string& sound) {
  auto there = list();
  if (!there) return there.error();
  const auto held = lock();
  if (!held) return held.error();
  there = list();
  if (!there) return there.error();
  PruneReport report;
  std::vector<const ListedBackup*> newest_first;
  for (const ListedBackup& backup : *there)
    if (backup.damage.empty())
      newest_first.push_back(&backup);
    else
      report.damaged.push_back(backup.name);
  std::ranges::sort(newest_first, [](const auto* a, const auto* b) { return is_newer(*a->manifest, *b->manifest); });
  const auto kept = chosen(newest_first, rule, sound, progress);
  if (!kept) return kept.error();
  // The oldest first: interrupted, what is left is a row without a hole.
  for (const ListedBackup* backup : newest_first)
    (kept->contains(backup->name) ? report.kept : report.removed).push_back(backup->name);
  std::ranges::reverse(report.removed);
  for (const std::string& name : report.removed)
    if (auto done = remove_backup(name); !done) return done.error();
  if (auto done = remove_unneeded(report); !done) return done.error();
  return report;
}

// Under another name first: half removed it would be a damaged one.
Status BackupDirectory::remove_backup(const std::string& name) {
  const std::string part = path_ + "/" + name + ".part";
  if (auto done = remove_tree(files_, part); !done) return done;
  if (auto done = files_.rename(path_ + "/" + name, part); !done) return done;
  if (auto done = files_.sync_directory(path_); !done) return done;
  return remove_tree(files_, part);
}

// Where a manifest cannot be read nobody knows what it needs: then all stay.
Status BackupDirectory::remove_unneeded(PruneReport& report) {
  const auto backups = list();
  if (!backups) return backups.error();
  std::set<std::string> segments;
  std::uint64_t sequence = ~std::uint64_t{0};
  std::uint64_t pending_sequence = ~std::uint64_t{0};
  for (const ListedBackup& backup : *backups) {
    if (!backup.manifest) return {};
    sequence = std::min(sequence, backup.manifest->sequence);
    pending_sequence = std::min(pending_sequence, backup.manifest->pending_sequence);
    for (const BackupFile& file : backup.manifest->files)
      if (is_shared_path(file.path)) segments.insert(file.path.substr(file.path.find('/') + 1));
  }
  if (auto done = remove_segments_but(segments, report); !done) return done;
  if (auto done = remove_pieces_up_to(FrameStream::readings, sequence, report); !done) return done;
  return remove_pieces_up_to(FrameStream::pending, pending_sequence, report);
}

Status BackupDirectory::remove_segments_but(const std::set<std::string>& needed, PruneReport& report) {
  auto names = files_.list(path_ + "/segments");
  if (!names) return names.error();
  std::erase_if(*names, [&](std::string_view name) {
    if (name.ends_with(kDamaged)) name.remove_suffix(kDamaged.size());
    return !is_segment_name(name) || needed.contains(std::string{name});
  });
  return remove_files(path_ + "/segments", *names, report);
}

// A server may be shipping meanwhile: what it begins after the names were listed is not looked at.
Status BackupDirectory::remove_pieces_up_to(FrameStream stream, std::uint64_t sequence, PruneReport& report) {
  const auto there = files_.exists(journal_directory());
  if (!there) return there.error();
  if (!*there) return {};
  auto names = files_.list(journal_directory());
  if (!names) return names.error();
  const auto behind = pieces_behind(files_, journal_directory(), stream, sequence);
  if (!behind) return behind.error();
  std::erase_if(*names, [&](const std::string& name) {
    const auto piece = parse_piece_name(name);  // others are being made, or set aside for a person to look at
    return !piece || piece->stream != stream || std::ranges::count(behind->names, name) != 0;
  });
  return remove_files(journal_directory(), *names, report);
}

Status BackupDirectory::remove_files(const std::string& directory, std::span<const std::string> names,
                                     PruneReport& report) {
  if (names.empty()) return {};
  for (const std::string& name : names) {
    const std::string path = directory + "/" + name;
    if (const auto file = files_.open(path, OpenMode::read))
      if (const auto size = (*file)->size()) report.removed_bytes += *size;
    if (auto done = files_.remove(path); !done) return done;
    ++report.removed_files;
  }
  return files_.sync_directory(directory);
}

}  // namespace meterhouse

#include "service/jobs/online_backup.h"

#include <algorithm>

#include "base/at_leisure.h"
#include "service/jobs/retention.h"

namespace meterhouse {
namespace {

ByteProgress tell(StepContext& context) {
  return [&context](std::uint64_t done, std::uint64_t total) {
    context.progress(total == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(total));
    return !context.stopping();
  };
}

}  // namespace

Result<std::string> OnlineBackup::create(StepContext& context) {
  const auto snapshot = parts_.readings.snapshot();
  if (!snapshot) return snapshot.error();
  const auto meters = parts_.catalog.meter_count();
  if (!meters) return meters.error();
  // Of a damaged store whatever there is is backed up, without one.
  std::vector<std::string> changes;
  const auto digest = parts_.digest_of(
      *snapshot, [&changes](std::string_view change) { return changes.emplace_back(change), Status{}; },
      [&context] { return context.stopping(); });
  if (!digest && context.stopping()) return digest.error();
  const auto copy_catalog = [this](const std::string& path) { return parts_.catalog.copy_to(path); };
  BackupSource source{.snapshot = *snapshot, .store = parts_.store, .copy_catalog = copy_catalog, .meters = *meters};
  if (digest) {
    source.digest = digest->hex();
    source.meters_digest = [&](const std::string& copy) { return parts_.digest_of_meters(copy, changes); };
  }
  const auto made = backups_.create(source, SharedFiles::trust, tell(context));
  if (!made) return made.error();
  std::string outcome = fmt::format("{}: {} files, {} bytes, of which {} copied", made->manifest.name,
                                    made->manifest.files.size(), made->manifest.bytes(), made->copied_bytes);
  if (!digest) outcome += fmt::format("; no digest: {}", digest.error().message);
  if (parts_.shipper != nullptr) {
    parts_.shipper->note_backup(snapshot->sequence, snapshot->pending_sequence);
    if (auto begun = parts_.shipper->begin_new_pieces(); !begun) return begun.error().during("ship the journal");
  }
  return outcome;
}

// What is damaged is set aside.
Result<BackupCheck> OnlineBackup::check_newest(StepContext& context) {
  const auto backups = backups_.list();
  if (!backups) return backups.error();
  if (backups->empty()) return Error{Errc::not_found, fmt::format("there is no backup in {}", directory())};
  const auto newest = std::ranges::max_element(*backups, [](const ListedBackup& a, const ListedBackup& b) {
    return a.manifest && b.manifest ? is_newer(*b.manifest, *a.manifest) : !a.manifest && b.manifest.has_value();
  });
  const auto check = at_leisure([&] { return backups_.verify(newest->name, tell(context)); });
  if (!check) return check.error();
  if (check->sound()) return check;
  const auto damage = fmt::format("{} is damaged: {}", newest->name, fmt::join(check->backups.front().damages, "; "));
  if (auto done = backups_.set_aside(*check); !done) return done.error().during(damage + "; set that aside");
  return Error{Errc::corruption, damage};
}

Result<std::string> OnlineBackup::verify_newest(StepContext& context) {
  std::string outcome;
  auto checked = check_newest(context);
  if (!checked && checked.error().code == Errc::corruption) {
    outcome = checked.error().message + "; made again: ";
    const auto again = create(context);
    checked = again ? check_newest(context) : again.error();
  }
  look();
  if (!checked) return Error{checked.error().code, outcome + checked.error().message};
  const std::string& name = checked->backups.front().name;
  outcome += fmt::format("{}: {} files, {} bytes read, sound", name, checked->files, checked->bytes);
  if (parts_.kept == 0) return outcome;
  const auto pruned = backups_.prune({.days = parts_.kept}, tell(context), name);
  if (!pruned) return pruned.error().during("remove old backups");
  if (!pruned->removed.empty()) outcome += fmt::format("; {} old ones removed", pruned->removed.size());
  return outcome;
}

// A meter that is registered in between would be in one of the two and not in the other.
Result<StoreMoment> OnlineBackup::moment(StepContext& context) const {
  constexpr int kTries = 5;
  for (int i = 0; i < kTries; ++i) {
    const auto before = digest_of_meters(parts_.catalog);
    if (!before) return before.error();
    auto snapshot = parts_.readings.snapshot();
    if (!snapshot) return snapshot.error();
    parts_.registry.wait_for_changes();
    const auto after = digest_of_meters(parts_.catalog);
    if (!after) return after.error();
    if (*before != *after) continue;
    StoreMoment moment{.sequence = snapshot->sequence, .meters = *after, .readings = {}};
    moment.readings = [this, &context, taken = std::move(*snapshot)] {
      return parts_.digest_of(taken, nullptr, [&context] { return context.stopping(); });
    };
    auto dropped = months_dropped(parts_.catalog);
    if (!dropped) return dropped.error();
    moment.months_dropped = *dropped;
    return moment;
  }
  return Error{Errc::unavailable, "meters are being registered all the time: try again later"};
}

Result<std::string> OnlineBackup::drill(StepContext& context) {
  DrillParts wanted{.files = parts_.files,
                    .clock = parts_.clock,
                    .backups = backups_,
                    .store = parts_.store,
                    .inside = {},
                    .live = [this, &context] { return moment(context); },
                    .replay = parts_.replay,
                    .settle = parts_.settle,
                    .digests_of_directory = parts_.digests_of_directory,
                    .free_bytes = parts_.free_bytes,
                    .stopping = [&context] { return context.stopping(); }};
  if (parts_.shipper != nullptr) wanted.ship = [this] { return parts_.shipper->flush(); };
  const auto record = meterhouse::drill(wanted, tell(context));
  if (!record) return record.error();
  if (!record->passed) return Error{Errc::corruption, record->outcome};
  return record->outcome;
}

Result<std::vector<ListedBackup>> OnlineBackup::list() const {
  auto backups = backups_.list();
  if (!backups && backups.error().code == Errc::not_found) return std::vector<ListedBackup>{};
  return backups;
}

void OnlineBackup::look() {
  const auto backups = backups_.list();
  if (!backups) return;
  std::optional<Instant> found;
  for (const ListedBackup& backup : *backups)
    if (backup.damage.empty() && (!found || backup.manifest->finished > *found)) found = backup.manifest->finished;
  newest_.with([&](std::optional<Instant>& newest) { newest = found; });
}

std::optional<Instant> OnlineBackup::newest() {
  std::call_once(looked_, [this] { look(); });
  return newest_.with([](const std::optional<Instant>& newest) { return newest; });
}

std::vector<JobStepWork> OnlineBackup::steps() {
  return {
      {.name = "backup", .run = [this](StepContext& context) { return create(context); }},
      {.name = "verify_backup",
       .run = [this](StepContext& context) { return verify_newest(context); },
       .needs = "backup"},
  };
}

std::vector<JobStepWork> OnlineBackup::drill_steps() {
  return {{.name = "drill", .run = [this](StepContext& context) { return drill(context); }}};
}

}  // namespace meterhouse

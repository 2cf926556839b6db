#include "service/online_backup.h"

#include <algorithm>

namespace meterhouse {
namespace {

ByteProgress tell(StepContext& context) {
  return [&context](std::uint64_t done, std::uint64_t total) {
    context.progress(total == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(total));
  };
}

}  // namespace

Result<std::string> OnlineBackup::create(StepContext& context) {
  const auto snapshot = readings_.snapshot();
  if (!snapshot) return snapshot.error();
  const auto meters = catalog_.meter_count();
  if (!meters) return meters.error();
  const auto made = backups_.create({.snapshot = *snapshot,
                                     .store = store_,
                                     .copy_catalog = [this](const std::string& path) { return catalog_.copy_to(path); },
                                     .meters = *meters},
                                    SharedFiles::trust, tell(context));
  if (!made) return made.error();
  newest_.with([&](std::optional<Instant>& newest) { newest = made->manifest.finished; });
  std::string outcome = fmt::format("{}: {} files, {} bytes, of which {} copied", made->manifest.name,
                                    made->manifest.files.size(), made->manifest.bytes(), made->copied_bytes);
  if (shipper_ != nullptr)
    if (auto begun = shipper_->begin_new_pieces(); !begun) return begun.error().during("ship the journal");
  if (kept_ == 0) return outcome;
  const auto pruned = backups_.prune({.newest = kept_}, tell(context));
  if (!pruned) return pruned.error().during("remove old backups");
  if (!pruned->removed.empty()) outcome += fmt::format("; {} old ones removed", pruned->removed.size());
  return outcome;
}

Result<std::string> OnlineBackup::verify_newest(StepContext& context) const {
  const auto backups = backups_.list();
  if (!backups) return backups.error();
  if (backups->empty()) return Error{Errc::not_found, fmt::format("there is no backup in {}", directory())};
  const auto newest = std::ranges::max_element(*backups, [](const ListedBackup& a, const ListedBackup& b) {
    return a.manifest && b.manifest ? is_newer(*b.manifest, *a.manifest) : !a.manifest && b.manifest.has_value();
  });
  const auto check = backups_.verify(newest->name, tell(context));
  if (!check) return check.error();
  if (check->sound())
    return fmt::format("{}: {} files, {} bytes read, sound", newest->name, check->files, check->bytes);
  std::vector<std::string> damages = check->damages;
  for (const CheckedBackup& backup : check->backups)
    damages.insert(damages.end(), backup.damages.begin(), backup.damages.end());
  return Error{Errc::corruption, fmt::format("{} is damaged: {}", newest->name, fmt::join(damages, "; "))};
}

Result<std::vector<ListedBackup>> OnlineBackup::list() const {
  auto backups = backups_.list();
  if (!backups && backups.error().code == Errc::not_found) return std::vector<ListedBackup>{};
  return backups;
}

std::optional<Instant> OnlineBackup::newest() {
  std::call_once(looked_, [this] {
    const auto backups = backups_.list();
    if (!backups) return;
    newest_.with([&](std::optional<Instant>& newest) {
      for (const ListedBackup& backup : *backups)
        if (backup.damage.empty() && backup.manifest && (!newest || backup.manifest->finished > *newest))
          newest = backup.manifest->finished;
    });
  });
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

}  // namespace meterhouse

#include "service/backup/drill.h"

#include <algorithm>

#include "service/backup/restore_marker.h"

namespace meterhouse {
namespace {

// Room for what a restore makes besides: a journal file, the log of the catalog.
constexpr std::uint64_t kSpareBytes = std::uint64_t{64} << 20;

class Drill {
 public:
  Drill(const DrillParts& parts, const ByteProgress& progress, DrillRecord& record)
      : parts_(parts), progress_(progress), record_(record) {}

  // What was found, in a sentence; the error is what is wrong.
  Result<std::string> run() {
    const auto clear = remove_tree(parts_.files, to_);
    if (!clear) return clear.error();
    auto found = restore_and_compare();
    if (auto done = remove_tree(parts_.files, to_); !done && found) return done.error();
    return found;
  }

 private:
  Result<std::string> restore_and_compare() {
    if (auto done = check_is_ours(); !done) return done.error();
    const auto live = parts_.live();
    if (!live) return live.error().during("the live store");
    if (parts_.ship)
      if (auto done = parts_.ship(); !done) return done.error().during("ship the journal");
    auto plan = plan_up_to(live->sequence);
    if (!plan) return plan.error();
    if (live->months_dropped && plan->backup.started < *live->months_dropped)
      return Error{Errc::unavailable, fmt::format("months of readings were let go of since {} was made: there is "
                                                  "nothing to compare it with; make a backup first",
                                                  plan->backup.name)};
    if (plan->has_gaps())
      return Error{Errc::corruption,
                   "frames of the journal since the backup were never shipped: a restore would lack "
                   "them (`meterhouse restore --dry-run` lists them)"};
    if (plan->readings.last_sequence == live->sequence) return compare_with_live(*plan, *live);
    if (parts_.ship)
      return Error{Errc::corruption, fmt::format("the shipped journal ends with frame {}, the store's is {}",
                                                 plan->readings.last_sequence, live->sequence)};
    plan = plan_up_to(plan->backup.sequence);
    return plan ? compare_with_backup(*plan) : plan.error();
  }

  Status check_is_ours() const {
    const auto owner = read_store_id(parts_.files, parts_.backups.path());
    if (!owner) return owner.error();
    if (*owner == parts_.store) return {};
    return Error{Errc::conflict, fmt::format("{} holds no backups of this store", parts_.backups.path())};
  }

  Result<RestorePlan> plan_up_to(std::uint64_t sequence) {
    RestoreRequest request{.from = parts_.backups.path(), .to = to_};
    request.up_to_frame = sequence;
    auto plan = plan_restore(parts_.files, request, progress_);
    if (plan) record_.backup = plan->backup.name;
    if (plan && plan->backup.sequence > sequence)
      return Error{Errc::conflict, fmt::format("{} is of a later moment than the store (frame {} against {})",
                                               plan->backup.name, plan->backup.sequence, sequence)};
    return plan;
  }

  Result<Digests> restored(const RestorePlan& plan) {
    if (auto done = check_room(plan); !done) return done.error();
    if (auto on = go_on(); !on) return on.error();
    const auto settle = [&] { return parts_.settle ? parts_.settle(plan) : Status{}; };
    const auto done = restore(parts_.files, plan, parts_.replay, StoreId{}, progress_, settle);
    if (!done) return done.error();
    if (auto on = go_on(); !on) return on.error();
    return parts_.digests_of_directory(to_);
  }

  Status go_on() const {
    if (parts_.stopping && parts_.stopping()) return Error{Errc::unavailable, "stopped"};
    return {};
  }

  Status check_room(const RestorePlan& plan) const {
    const auto free = parts_.free_bytes(inside_);
    if (!free) return free.error();
    const std::uint64_t needed = plan.bytes() + kSpareBytes;
    if (*free >= needed) return {};
    return Error{Errc::no_space, fmt::format("a drill needs {} bytes in {}, {} are free: name another disk for it",
                                             needed, inside_, *free)};
  }

  Result<std::string> compare_with_live(const RestorePlan& plan, const StoreMoment& live) {
    const auto there = restored(plan);
    if (!there) return there.error();
    if (auto on = go_on(); !on) return on.error();
    const auto wanted = live.readings();
    if (!wanted) return wanted.error().during("the live store");
    if (there->readings != *wanted || there->meters != live.meters)
      return Error{
          Errc::corruption,
          fmt::format("what was restored of {} is not what the store holds as of frame {}: readings {} against "
                      "{}, meters {} against {}",
                      plan.backup.name, live.sequence, there->readings.hex(), wanted->hex(), there->meters.hex(),
                      live.meters.hex())};
    return fmt::format("{} and {} shipped frames restored: equal to the store as of frame {}", plan.backup.name,
                       plan.readings.frames, live.sequence);
  }

  Result<std::string> compare_with_backup(const RestorePlan& plan) {
    if (!plan.backup.digest)
      return Error{
          Errc::unavailable,
          fmt::format("{} says no digest and the store has gone on since: there is nothing to compare it with; "
                      "make a backup first",
                      plan.backup.name)};
    const auto there = restored(plan);
    if (!there) return there.error();
    if (there->readings.hex() != *plan.backup.digest)
      return Error{Errc::corruption,
                   fmt::format("what was restored of {} is not what was backed up: readings {} against {}",
                               plan.backup.name, there->readings.hex(), *plan.backup.digest)};
    if (!plan.backup.meters_digest)
      return fmt::format(
          "{} restored: its readings are those that were backed up, of its meters no digest is known; "
          "what came since is not shipped",
          plan.backup.name);
    if (there->meters.hex() != *plan.backup.meters_digest)
      return Error{Errc::corruption,
                   fmt::format("what was restored of {} is not what was backed up: meters {} against {}",
                               plan.backup.name, there->meters.hex(), *plan.backup.meters_digest)};
    return fmt::format(
        "{} restored: its readings and meters are those that were backed up; what came since is not shipped",
        plan.backup.name);
  }

  const DrillParts& parts_;
  const ByteProgress& progress_;
  DrillRecord& record_;
  // In the directory of backups create() removes it, too.
  const std::string inside_ = parts_.inside.empty() ? parts_.backups.path() : parts_.inside;
  const std::string to_ =
      fmt::format("{}/{}", inside_, parts_.inside.empty() ? kDrillDirectory : "meterhouse-drill.part");
};

}  // namespace

Result<DrillRecord> drill(const DrillParts& parts, const ByteProgress& progress) {
  if (const auto there = parts.backups.list(); !there) return there.error();
  const auto held = parts.backups.lock();
  if (!held) return held.error();
  DrillRecord record{.started = parts.clock.now()};
  const auto begin = parts.clock.stopwatch();
  const auto found = Drill{parts, progress, record}.run();
  if (!found && parts.stopping && parts.stopping()) return found.error();
  record.duration_ms = std::chrono::duration_cast<std::chrono::milliseconds>(parts.clock.stopwatch() - begin).count();
  record.passed = found.has_value();
  record.outcome = found ? *found : found.error().message;
  if (auto done = write_drill_record(parts.files, parts.backups.path(), record); !done)
    return done.error().during("write down what came of the drill");
  return record;
}

}  // namespace meterhouse

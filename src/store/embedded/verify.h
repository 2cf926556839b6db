#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "store/embedded/journal.h"

namespace meterhouse {

// What verify_store read, and what it found wrong.
struct VerifyReport {
  bool clean = false;  // closed in good order
  std::uint64_t segments = 0;
  std::uint64_t blocks = 0;
  std::uint64_t segment_readings = 0;
  std::uint64_t journal_frames = 0;
  std::uint64_t journal_readings = 0;
  std::uint64_t journal_changes = 0;
  bool held = false;
  std::uint64_t pending_frames = 0;
  std::uint64_t pending_readings = 0;  // in no answer until they are released
  std::uint64_t bytes = 0;             // of segments and frames
  std::vector<std::string> damages;    // the first kMaxDamages, each naming file, offset and, where it is known, meter
  std::uint64_t damage_count = 0;
  std::vector<MeterId> meters;            // that have a reading, also a pending one; ascending
  std::optional<TornFrame> torn;          // what a crash left of its last frame; no damage: it was never acknowledged
  std::optional<TornFrame> pending_torn;  // the same of the pending readings

  static constexpr std::size_t kMaxDamages = 1'000;
  bool sound() const { return damage_count == 0; }
};

// What a caller wants to be told meanwhile.
struct VerifyHooks {
  // Each catalog change in the journal, in order. Its corruption is one more damage, any other error ends the run.
  std::function<Status(std::string_view change)> on_change = [](std::string_view) { return Status{}; };
};

// Reads every byte of an embedded store and checks every checksum and rule, changing nothing. Damage is no error here:
// it is listed, and the rest is read on.
//   errors    not_found: no store there; unavailable: a process holds it, or a newer program wrote it; io
Result<VerifyReport> verify_store(FileSystem& files, const std::string& directory, const VerifyHooks& hooks = {});
// The same for a caller that holds the lock of lock_store() and keeps it meanwhile.
Result<VerifyReport> verify_locked_store(FileSystem& files, const std::string& directory, const VerifyHooks& hooks);

}  // namespace meterhouse

#include "store/embedded/verify.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>

#include "store/embedded/clean_state.h"
#include "store/embedded/manifest.h"
#include "store/embedded/pending.h"
#include "store/embedded/segment_set.h"
#include "store/embedded/store_lock.h"

namespace meterhouse {
namespace {

class Verifier {
 public:
  Verifier(FileSystem& files, const std::string& directory, const VerifyHooks& hooks)
      : files_(files), directory_(directory), hooks_(hooks) {}

  Result<VerifyReport> run() {
    if (const Status read = read_all(); !read) return read.error();
    for (const std::uint32_t number : meters_) report_.meters.push_back(MeterId::from_number(number));
    std::ranges::sort(report_.meters);
    return std::move(report_);
  }

 private:
  Status read_all() {
    auto manifest = read_manifest(files_, directory_ + "/MANIFEST");
    if (!manifest) {
      if (manifest.error().code != Errc::corruption) return manifest.error();
      damage(manifest.error().message);
      // Without it nobody knows which files count; what is there is checked all the same.
      return verify_segments_found();
    }
    report_.clean = manifest->clean;
    for (const SegmentEntry& entry : manifest->segments)
      if (auto done = verify_segment(entry); !done) return done;
    auto done = manifest->clean ? check_beside(*manifest) : verify_journal(*manifest);
    return done ? verify_pending(*manifest) : done;
  }

  void damage(std::string message) {
    if (++report_.damage_count <= VerifyReport::kMaxDamages) report_.damages.push_back(std::move(message));
  }

  // Corruption is noted, anything else ends the run.
  Status note(const Error& error) {
    if (error.code != Errc::corruption) return error;
    damage(error.message);
    return {};
  }

  Status verify_segment(const SegmentEntry& entry) {
    const std::string path = directory_ + "/segments/" + entry.name;
    const auto segment = Segment::open(files_, path);
    if (!segment) {
      if (segment.error().code != Errc::not_found) return note(segment.error());
      damage(fmt::format("{}: the manifest names it, but it is missing", path));
      return {};
    }
    if (!is_named_by(entry, (*segment)->info()))
      damage(fmt::format("{}: offset 0: not the segment that the manifest names", path));
    return verify_blocks(**segment);
  }

  Status verify_blocks(const Segment& segment) {
    const auto found = segment.verify([this](const SegmentDamage& found_damage) { damage(found_damage.message); });
    if (!found) return note(found.error());
    ++report_.segments;
    report_.blocks += found->blocks;
    report_.segment_readings += found->readings;
    report_.bytes += found->bytes;
    for (const SeriesKey key : found->keys) meters_.insert(key.meter().number());
    return {};
  }

  Status check_beside(const Manifest& manifest) {
    auto done = check_nothing_beside(files_, directory_ + "/journal", directory_ + "/segments", manifest);
    return done ? done : note(done.error());
  }

  Status verify_segments_found() {
    const auto names = files_.list(directory_ + "/segments");
    if (!names) return names.error();
    for (const std::string& name : *names) {
      if (!name.ends_with(".segment")) continue;
      const auto segment = Segment::open(files_, directory_ + "/segments/" + name);
      auto done = segment ? verify_blocks(**segment) : note(segment.error());
      if (!done) return done;
    }
    return {};
  }

  Status verify_journal(const Manifest& manifest) {
    const std::string directory = directory_ + "/journal";
    const auto scan = scan_journal(files_, directory, manifest.first_journal_file, manifest.next_sequence,
                                   [this](const FrameHeader& header, std::span<const std::byte> payload,
                                          const std::string& place) { return verify_frame(header, payload, place); });
    if (!scan) return note(scan.error());
    report_.torn = scan->torn;
    return {};
  }

  Status verify_frame(const FrameHeader& header, std::span<const std::byte> payload, const std::string& place) {
    ++report_.journal_frames;
    if (header.kind == FrameKind::change) {
      ++report_.journal_changes;
      const auto done = hooks_.on_change({reinterpret_cast<const char*>(payload.data()), payload.size()});
      report_.bytes += frame_size(payload.size());
      return done ? done : note(done.error().during(place));
    }
    report_.journal_readings += verify_readings(payload, place);
    return {};
  }

  Status verify_pending(const Manifest& manifest) {
    const std::string directory = directory_ + "/pending";
    report_.held = manifest.held;
    if (!manifest.held) {
      auto done = check_no_pending(files_, directory, manifest);
      return done ? done : note(done.error());
    }
    const auto verify = [this](const FrameHeader& header, std::span<const std::byte> payload,
                               const std::string& place) {
      ++report_.pending_frames;
      if (header.kind != FrameKind::readings) damage(fmt::format("{}: not a frame of readings", place));
      report_.pending_readings += verify_readings(payload, place);
      return Status{};
    };
    const auto scan = scan_pending(files_, directory, manifest, verify);
    if (!scan) return note(scan.error());
    report_.pending_torn = scan->torn;
    return {};
  }

  // How many stand there.
  std::uint64_t verify_readings(std::span<const std::byte> payload, const std::string& place) {
    report_.bytes += frame_size(payload.size());
    if (payload.size() % sizeof(Reading) != 0)
      damage(fmt::format("{}: a frame of readings with a broken length", place));
    for (std::size_t at = 0; at + sizeof(Reading) <= payload.size(); at += sizeof(Reading)) {
      const auto reading = decode_reading(std::span<const std::byte, 16>{payload.subspan(at, 16)});
      if (reading)
        meters_.insert(reading->key().meter().number());
      else
        damage(fmt::format("{}: reading {}: {}", place, at / sizeof(Reading), reading.error().message));
    }
    return payload.size() / sizeof(Reading);
  }

  FileSystem& files_;
  const std::string& directory_;
  const VerifyHooks& hooks_;
  boost::unordered_flat_set<std::uint32_t> meters_;
  VerifyReport report_;
};

Status check_is_store(FileSystem& files, const std::string& directory) {
  const auto exists = files.exists(directory + "/MANIFEST");
  if (!exists) return exists.error();
  if (*exists) return {};
  return Error{Errc::not_found, fmt::format("{}: no Meterhouse data there (no MANIFEST)", directory)};
}

}  // namespace

Result<VerifyReport> verify_locked_store(FileSystem& files, const std::string& directory, const VerifyHooks& hooks) {
  if (const auto there = check_is_store(files, directory); !there) return there.error();
  return Verifier{files, directory, hooks}.run();
}

Result<VerifyReport> verify_store(FileSystem& files, const std::string& directory, const VerifyHooks& hooks) {
  // Before the lock, which would make a file in a directory that is none of ours.
  if (const auto there = check_is_store(files, directory); !there) return there.error();
  const auto lock = lock_store(files, directory);
  if (!lock) return lock.error();
  return verify_locked_store(files, directory, hooks);
}

}  // namespace meterhouse

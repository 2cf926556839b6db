#include "store/embedded/pending.h"

namespace meterhouse {

Result<std::span<const Reading>> pending_readings_in(const FrameHeader& header, std::span<const std::byte> payload) {
  if (header.kind != FrameKind::readings)
    return Error{Errc::corruption, "a frame that is none of readings, among those pending"};
  return readings_in(payload);
}

Result<JournalScan> scan_pending(FileSystem& files, const std::string& directory, const Manifest& manifest,
                                 const VisitFrame& visit) {
  auto scan = scan_journal(files, directory, manifest.first_pending_file, manifest.next_pending_sequence, visit);
  if (!scan || !manifest.clean) return scan;
  if (scan->torn)
    return Error{Errc::corruption, fmt::format("{}: offset {}: a frame is damaged, in a store closed in good order",
                                               scan->torn->file, scan->torn->offset)};
  if (scan->next_sequence != manifest.pending_end)
    return Error{Errc::corruption,
                 fmt::format("{}/{}: offset {}: pending readings end at frame {}, {} were there when it was closed",
                             directory, journal_file_name(scan->last_file), scan->end_offset, scan->next_sequence - 1,
                             manifest.pending_end - 1)};
  return scan;
}

Status check_no_pending(FileSystem& files, const std::string& directory, const Manifest& manifest) {
  const auto names = files.list(directory);
  if (!names && names.error().code == Errc::not_found) return {};  // a store of an earlier version
  if (!names) return names.error();
  for (const std::string& name : *names) {
    const auto id = journal_file_id(name);
    if (!id || *id < manifest.first_pending_file) continue;
    bool empty = *id == manifest.first_pending_file;  // made, and the manifest not written any more
    if (empty) {
      const auto ignore = [](const FrameHeader&, std::span<const std::byte>, const std::string&) { return Status{}; };
      const auto scan = scan_journal(files, directory, *id, manifest.next_pending_sequence, ignore);
      if (!scan) return scan.error();
      empty = scan->frames == 0 && !scan->torn;
    }
    if (!empty)
      return Error{
          Errc::corruption,
          fmt::format(
              "{}/{}: offset 0: pending readings that the manifest, where they begin at file {}, does not know; "
              "is it an older one?",
              directory, name, manifest.first_pending_file)};
  }
  return {};
}

Result<bool> next_batch(JournalReader& reader, const JournalEnd& end, std::size_t most_readings, ReleasedBatch& batch) {
  batch.readings.clear();
  for (;;) {
    const auto frame = reader.peek(end);
    if (!frame) return frame.error();
    if (*frame == nullptr) return !batch.readings.empty();
    const FrameHeader& header = (*frame)->header;
    if (header.kind != FrameKind::end) {
      const auto readings = pending_readings_in(header, (*frame)->payload());
      if (!readings) return readings.error();
      const bool more = !batch.readings.empty();
      if (more && (header.arrived != batch.arrived || batch.readings.size() + readings->size() > most_readings))
        return true;
      batch.readings.insert(batch.readings.end(), readings->begin(), readings->end());
      batch.arrived = header.arrived;
    }
    reader.pass();
  }
}

}  // namespace meterhouse

// Whatever lies beside a manifest that says there is nothing: passed only where it names each segment and no journal
// file holds a frame.
//   input  lines: `journal NAME` and `frames NAME` files of the journal, without and with a frame, `segment NAME` a
//          file among the segments; all other lines are the manifest's
#include "store/embedded/clean_state.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/checksum.h"
#include "base/testing/simulated_disk.h"
#include "fuzz_target.h"
#include "store/embedded/journal.h"

using namespace meterhouse;

namespace {

struct Folder {
  SimulatedDisk disk;
  std::string manifest;
  std::set<std::string> segments;
  std::set<std::uint64_t> with_frames;

  void take(std::string_view line) {
    const auto space = line.find(' ');
    const std::string_view word = line.substr(0, space);
    const std::string name{space == std::string_view::npos ? std::string_view{} : line.substr(space + 1)};
    const bool plain = !name.empty() && name.find_first_of(std::string_view{"/\0 ", 3}) == std::string::npos;
    if (plain && word == "segment") {
      disk.set_content("segments/" + name, {});
      segments.insert(name);
    } else if (plain && (word == "journal" || word == "frames")) {
      add_journal(name, word == "frames");
    } else {
      manifest += fmt::format("{}\n", line);
    }
  }

  void add_journal(const std::string& name, bool with_frame) {
    const auto id = journal_file_id(name);
    auto bytes = encode_journal_header({id.value_or(0), 256});
    if (with_frame) {
      bytes.resize(kJournalHeaderSize + frame_size(0));
      const FrameHeader header{0, FrameKind::change, 1, kFirstInstant};
      seal_frame(std::span{bytes}.subspan(kJournalHeaderSize), header);
      if (id) with_frames.insert(*id);
    }
    bytes.resize(256);
    disk.set_content("journal/" + name, std::move(bytes));
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = text_of(data, size);
  Folder folder;
  for (const char* directory : {"journal", "segments"}) MH_CHECK(folder.disk.create_directories(directory).has_value());
  while (!text.empty()) {
    const auto end = text.find('\n');
    folder.take(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  const auto crc = crc32c(std::as_bytes(std::span{folder.manifest}));
  const auto manifest = decode_manifest(fmt::format("{}crc32c {:08x}\n", folder.manifest, crc));
  if (!manifest) return 0;
  const auto clean = check_nothing_beside(folder.disk, "journal", "segments", *manifest);
  if (!clean) {
    MH_CHECK(clean.error().code == Errc::corruption && !clean.error().message.empty());
    return 0;
  }
  for (const std::string& name : folder.segments)
    MH_CHECK(!name.ends_with(".segment") ||
             std::ranges::find(manifest->segments, name, &SegmentEntry::name) != manifest->segments.end());
  for (const std::uint64_t id : folder.with_frames) MH_CHECK(id < manifest->first_journal_file);
  return 0;
}

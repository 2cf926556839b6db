// A journal written by somebody who knows the checksums: damage, or frames in their order, whose readings are written
// back as the same bytes, and a log that goes on behind them.
//   input  frames, each its kind (1 byte), the size of its payload (2 bytes) and the payload; a kind of 0: the rest
//          stands behind the last frame
#include "store/embedded/journal.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/testing/simulated_disk.h"
#include "codec/bytes.h"
#include "fuzz_target.h"

using namespace meterhouse;

namespace {

const std::string kPath = "journal/" + journal_file_name(1);
using Bytes = std::span<const std::byte>;

void append(std::vector<std::byte>& out, Bytes bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

std::vector<std::byte> with_checksums(Bytes input) {
  std::vector<std::byte> frames;
  for (std::uint64_t sequence = 1; !input.empty(); ++sequence) {
    const auto kind = static_cast<FrameKind>(input[0]);
    input = input.subspan(1);
    if (kind == FrameKind{} || input.size() < 2) break;
    const auto size = std::min<std::size_t>(load_fixed<std::uint16_t>(input.data()), input.size() - 2);
    std::vector<std::byte> frame(kFrameHeaderSize);
    append(frame, input.subspan(2, size));
    frame.resize(frame_size(size));
    seal_frame(frame, {static_cast<std::uint32_t>(size), kind, sequence, instant_from_epoch(1'740'052'800)});
    append(frames, frame);
    input = input.subspan(2 + size);
  }
  append(frames, input);
  const std::size_t size = kJournalHeaderSize + frames.size() + 128;  // some zeros behind
  auto file = encode_journal_header({1, size});
  append(file, frames);
  file.resize(size);
  return file;
}

Status check_readings(Bytes payload) {
  const auto readings = readings_in(payload);
  if (!readings) return readings.error();
  MH_CHECK(readings->size() * 16 == payload.size());
  for (std::size_t i = 0; i < readings->size(); ++i) {
    std::array<std::byte, 16> again;
    encode_reading(again, (*readings)[i]);
    MH_CHECK(std::ranges::equal(again, payload.subspan(16 * i, 16)));
  }
  return {};
}

Result<JournalScan> scan(SimulatedDisk& disk) {
  std::uint64_t frames = 0;
  auto scan =
      scan_journal(disk, "journal", 1, 1, [&](const FrameHeader& header, Bytes payload, const std::string& place) {
        MH_CHECK(header.sequence == ++frames && header.payload_size == payload.size() && !place.empty());
        MH_CHECK(header.kind != FrameKind::end);
        return header.kind == FrameKind::readings ? check_readings(payload) : Status{};
      });
  if (!scan)
    MH_CHECK(scan.error().code == Errc::corruption || scan.error().code == Errc::unavailable);
  else
    MH_CHECK(scan->frames == frames && scan->last_file == 1);
  return scan;
}

void check_file(std::vector<std::byte> bytes) {
  SimulatedDisk disk;
  disk.set_content(kPath, std::move(bytes));
  const auto found = scan(disk);
  if (!found) return;
  Journal::Options options;
  options.directory = "journal";
  options.file_size = 4'096;
  const auto journal = Journal::resume(disk, options, *found);
  MH_CHECK(journal.has_value());
  std::vector<std::byte> frame(kFrameHeaderSize + 1);
  MH_CHECK((*journal)->write(FrameKind::change, kFirstInstant, frame).has_value());
  // Where it did not fit it went into the next file.
  std::uint64_t frames = 0;
  const auto longer = scan_journal(disk, "journal", 1, 1, [&](const FrameHeader&, Bytes, const std::string&) {
    ++frames;
    return Status{};
  });
  MH_CHECK(longer.has_value() && !longer->torn && frames == found->frames + 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span{data, size});
  check_file({input.begin(), input.end()});
  check_file(with_checksums(input));
  return 0;
}

// A segment file written by somebody who knows the checksums of its index and footer: damage, or blocks in order that
// every way to them finds alike.
//   input  the size of the index (1 byte), the footer's fields behind the size of the index (56 bytes), the index, the
//          blocks; and the input as it is
#include "store/embedded/segment.h"

#include <algorithm>
#include <map>
#include <vector>

#include "base/check.h"
#include "base/checksum.h"
#include "base/testing/simulated_disk.h"
#include "codec/bytes.h"
#include "fuzz_target.h"
#include "store/embedded/segment_format.h"

using namespace meterhouse;

namespace {

using Bytes = std::span<const std::byte>;
constexpr std::size_t kFooterFields = 56;

void append(std::vector<std::byte>& out, Bytes bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

std::vector<std::byte> with_checksums(Bytes input) {
  const auto fields = input.subspan(1, kFooterFields);
  const auto behind = input.subspan(1 + kFooterFields);
  const auto index = behind.first(std::min<std::size_t>(static_cast<std::uint8_t>(input[0]), behind.size()));
  std::vector<std::byte> file;
  append_segment_header(file);
  append(file, behind.subspan(index.size()));
  const std::uint64_t index_offset = file.size();
  append(file, index);
  put_fixed(file, crc32c(index));
  const std::size_t footer = file.size();
  put_fixed(file, index_offset);
  put_fixed(file, std::uint64_t{index.size() + 4});
  append(file, fields);
  put_fixed(file, kSegmentVersion);
  put_fixed(file, crc32c(Bytes{file}.subspan(footer)));
  return file;
}

using Content = std::map<SeriesKey, Series>;

// nullopt: an error on the way.
std::optional<Content> walk(const std::shared_ptr<const Segment>& segment, std::size_t read_ahead) {
  Content content;
  SegmentCursor cursor{segment, {}, read_ahead};
  for (;;) {
    const auto more = cursor.next();
    if (!more) {
      MH_CHECK(more.error().code == Errc::corruption);
      return std::nullopt;
    }
    if (!*more) return content;
    MH_CHECK(content.empty() || content.rbegin()->first < cursor.summary().key);
    Series& series = content[cursor.summary().key];
    if (!cursor.decode(series)) return std::nullopt;
    MH_CHECK(series.size() == cursor.summary().count);
  }
}

void check_file(std::vector<std::byte> bytes) {
  SimulatedDisk disk;
  disk.set_content("segment", std::move(bytes));
  const auto segment = Segment::open(disk, "segment");
  if (!segment) {
    MH_CHECK(segment.error().code == Errc::corruption || segment.error().code == Errc::out_of_range);
    return;
  }
  std::uint64_t damages = 0;
  const auto verified = (*segment)->verify([&](const SegmentDamage& damage) {
    ++damages;
    MH_CHECK(!damage.message.empty());
  });
  MH_CHECK(verified.has_value() && verified->damages == damages);
  const auto content = walk(*segment, 64);
  MH_CHECK(content == walk(*segment, SegmentCursor::kDefaultReadAhead));
  if (damages > 0) return;
  MH_CHECK(content);
  MH_CHECK(content->size() == (*segment)->info().blocks);
  std::uint64_t readings = 0;
  for (const auto& [key, series] : *content) {
    Series read;
    MH_CHECK((*segment)->read(key, {}, read).has_value() && read == series);
    readings += series.size();
  }
  MH_CHECK(readings == (*segment)->info().readings);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span{data, size});
  check_file({input.begin(), input.end()});
  if (size > kFooterFields) check_file(with_checksums(input));
  return 0;
}

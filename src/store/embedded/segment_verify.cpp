#include <algorithm>

#include "store/embedded/segment.h"
#include "store/embedded/segment_format.h"

namespace meterhouse {
Result<SegmentVerification> Segment::verify(const ReportDamage& report) const {
  SegmentVerification found;
  const OnDamage on_damage = [&](std::uint64_t offset, std::optional<SeriesKey> key, const Error& error) {
    ++found.damages;
    report({offset, key, error.message});
  };
  if (auto frame = verify_frame(); !frame) {
    if (frame.error().code != Errc::corruption) return frame.error();
    on_damage(0, std::nullopt, frame.error());
  }
  std::optional<SeriesKey> last_key;
  for (std::size_t group = 0; group < index_.offsets.size(); ++group)
    if (auto walked = verify_group(group, found, last_key, on_damage); !walked) return walked.error();
  found.bytes = info_.size_bytes;
  if (found.damages == 0 && (found.blocks != info_.blocks || found.readings != info_.readings)) {
    const auto offset = info_.size_bytes - kSegmentFooterSize;
    on_damage(offset, std::nullopt,
              damaged_segment(path_, offset,
                              fmt::format("the footer counts {} blocks and {} readings, the file holds {} and {}",
                                          info_.blocks, info_.readings, found.blocks, found.readings)));
  }
  return found;
}

// Header, footer and index once more, as they stand in the file now.
Status Segment::verify_frame() const {
  if (auto checked = check_segment_header(*file_, path_); !checked) return checked;
  const auto footer = read_segment_footer(*file_, path_);
  if (!footer) return footer.error();
  const auto index = read_segment_index(*file_, path_, *footer);
  if (!index) return index.error();
  return {};
}

Status Segment::verify_group(std::size_t group, SegmentVerification& found, std::optional<SeriesKey>& last_key,
                             const OnDamage& on_damage) const {
  auto at = index_.offsets[group];
  const auto first_key = SeriesKey::from_packed(index_.keys[group]);
  std::optional<SeriesKey> expected;  // the index names the meter of a group's first block
  if (first_key) expected = *first_key;
  Bytes bytes;
  if (auto read = read_group(group, bytes); !read) {
    if (read.error().code != Errc::corruption) return read.error();
    on_damage(at, expected, read.error());
    return {};
  }
  Series series;
  BlockHeader header;
  for (auto rest = bytes.span(); !rest.empty(); expected.reset()) {
    if (auto read = read_block_header(rest, header); !read) {
      on_damage(at, expected, damaged(at, read.error()));
      return {};
    }
    const BlockSummary& summary = header.summary;
    const auto key = summary.key;
    const auto wrong = [&](std::string_view what) { on_damage(at, key, damaged(at, damaged_block(key, what))); };
    if (summary.size_bytes > rest.size()) {
      wrong("reaches into the next group");
      return {};
    }
    if (last_key && *last_key >= key) wrong("is not in the order of the meters");
    if (at == index_.offsets[group] && key.packed() != index_.keys[group]) wrong("the index names another meter here");
    if (summary.first <= info_.start || summary.last > info_.end) wrong("has readings outside the segment's bounds");
    last_key = key;
    if (auto decoded = decode_readings(header, rest, series); !decoded) {
      on_damage(at, key, damaged(at, decoded.error()));
    } else {
      ++found.blocks;
      found.keys.push_back(key);
      found.readings += summary.count;
    }
    at += summary.size_bytes;
    rest = rest.subspan(summary.size_bytes);
  }
  return {};
}

}  // namespace meterhouse

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "store/embedded/segment.h"

namespace meterhouse {

// The parts of a segment file around its blocks: docs/formats/segment.md.

inline constexpr std::uint32_t kSegmentVersion = 1;
inline constexpr std::size_t kSegmentHeaderSize = 16;
inline constexpr std::size_t kSegmentFooterSize = 80;
inline constexpr std::uint64_t kGroupSize = 4'096;  // a group takes blocks until it has at least as many bytes

struct SegmentFooter {
  SegmentInfo info;
  std::uint64_t index_offset = 0;
  std::uint64_t index_size = 0;  // with its checksum
};

void append_segment_header(std::vector<std::byte>& out);
void append_segment_footer(std::vector<std::byte>& out, const SegmentFooter& footer);

// Each reads its part of the file, verifies it and says what it found.
//   errors  corruption (names file and offset), io; of the header also out_of_range: a newer version
Status check_segment_header(const File& file, const std::string& path);
Result<SegmentFooter> read_segment_footer(const File& file, const std::string& path);
Result<SegmentIndex> read_segment_index(const File& file, const std::string& path, const SegmentFooter& footer);

Error damaged_segment(const std::string& path, std::uint64_t offset, std::string_view what);

}  // namespace meterhouse

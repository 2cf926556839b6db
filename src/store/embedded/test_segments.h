#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/file_system.h"
#include "codec/testing/sample_series.h"
#include "store/embedded/segment.h"
#include "store/embedded/segment_writer.h"

namespace meterhouse::samples {

inline const std::string kSegmentPath = "/data/2025-02.segment";
inline constexpr Instant kMonthEnd = kSampleStart + std::chrono::hours{31 * 24};

inline SeriesKey key_of(std::uint32_t meter, Channel channel = Channel::import_) {
  return {MeterId::from_number(meter), channel};
}

// What a segment shall hold.
using Content = std::map<SeriesKey, Series>;

inline Content households(std::uint32_t meters, std::size_t readings, std::uint32_t first_meter = 100'000'000) {
  Content content;
  for (std::uint32_t i = 0; i < meters; ++i)
    content.emplace(key_of(first_meter + i * 3, i % 5 == 4 ? Channel::export_ : Channel::import_),
                    household(readings, i + 1));
  return content;
}

inline Result<SegmentInfo> write_segment(FileSystem& files, const std::string& path, const Content& content) {
  auto writer =
      SegmentWriter::create(files, path, {.start = kSampleStart, .end = kMonthEnd, .first_fold = 3, .last_fold = 5});
  if (!writer) return writer.error();
  for (const auto& [key, series] : content)
    if (auto added = writer->add(key, series, ReadingBefore{kSampleStart, MilliWattHours{0}}); !added)
      return added.error();
  return writer->finish();
}

}  // namespace meterhouse::samples

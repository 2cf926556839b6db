#include "store/embedded/merge.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "store/embedded/fold.h"
#include "store/embedded/segment_walk.h"
#include "store/embedded/segment_writer.h"
#include "store/embedded/series_edit.h"

namespace meterhouse {
namespace {

constexpr std::size_t kJoinOpen = 3;
constexpr std::size_t kJoinClosed = 2;
constexpr std::size_t kMostSegments = 8;
constexpr std::uint64_t kLateShare = 10;

class Merger {
 public:
  explicit Merger(std::span<const LiveSegment> segments) {
    for (const LiveSegment& live : segments) walk_.add(SegmentCursor{live.segment});
  }

  Status run(SegmentWriter& writer) {
    if (auto done = walk_.start(); !done) return done.error();
    while (const auto key = walk_.key()) {
      if (auto done = write_channel(writer, *key); !done) return done.error();
      if (auto done = walk_.pass(); !done) return done.error();
    }
    return {};
  }

 private:
  Status write_channel(SegmentWriter& writer, SeriesKey key) {
    const auto& blocks = walk_.select(key);
    if (blocks.size() > 1) return join(writer, key, blocks);
    const auto bytes = blocks.front()->encoded();
    if (!bytes) return bytes.error();
    return writer.add_encoded(*bytes);
  }

  Status join(SegmentWriter& writer, SeriesKey key, const std::vector<SegmentCursor*>& blocks) {
    joined_.clear();
    for (const SegmentCursor* block : blocks) {
      if (auto done = block->decode(piece_); !done) return done.error();
      merge_into(joined_, piece_);
    }
    // The nearest one. What stood before one block may lie inside the joined one.
    std::optional<ReadingBefore> before;
    for (const SegmentCursor* block : blocks) {
      const auto& its_before = block->summary().before;
      if (its_before && its_before->at < joined_.at.front() && (!before || before->at < its_before->at))
        before = its_before;
    }
    return writer.add(key, joined_, before);
  }

  SegmentWalk walk_;
  Series joined_;
  Series piece_;
};

}  // namespace

std::optional<MergePick> pick_merge(std::span<const std::uint64_t> sizes_bytes, MonthState state) {
  const std::size_t count = sizes_bytes.size();
  const bool closed = state == MonthState::closed;
  const std::size_t least = closed ? kJoinClosed : kJoinOpen;
  std::uint64_t behind = std::accumulate(sizes_bytes.begin(), sizes_bytes.end(), std::uint64_t{0});
  for (std::size_t first = 0; first + least <= count; ++first) {
    behind -= sizes_bytes[first];  // of all segments after `first`
    const bool worth_it = closed ? behind * kLateShare >= sizes_bytes[first] : behind >= sizes_bytes[first];
    if (worth_it || count - first > kMostSegments) return MergePick{first, count};
  }
  return std::nullopt;
}

Result<LiveSegment> merge_segments(FileSystem& files, const std::string& directory,
                                   std::span<const LiveSegment> segments, const SiteCalendar& calendar) {
  MH_CHECK(segments.size() >= 2);
  const SegmentEntry& first = segments.front().entry;
  const SegmentEntry& last = segments.back().entry;
  const std::string name = segment_name(first.month, calendar, first.first_fold, last.last_fold);
  auto writer = SegmentWriter::create(files, directory + "/" + name,
                                      {first.month.from, first.month.to, first.first_fold, last.last_fold});
  if (!writer) return writer.error();
  if (auto done = Merger{segments}.run(*writer); !done) return done.error();
  const auto info = writer->finish();
  if (!info) return info.error();
  return open_written(files, directory, name, *info);
}

}  // namespace meterhouse

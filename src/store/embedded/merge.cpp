#include "store/embedded/merge.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "store/embedded/fold.h"
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
    for (const LiveSegment& live : segments) cursors_.push_back({SegmentCursor{live.segment}, false});
  }

  Status run(SegmentWriter& writer) {
    for (Source& source : cursors_)
      if (auto done = advance(source); !done) return done.error();
    while (const auto key = smallest_key())
      if (auto done = write_channel(writer, *key); !done) return done.error();
    return {};
  }

 private:
  struct Source {
    SegmentCursor cursor;
    bool more;
  };

  static Status advance(Source& source) {
    const auto more = source.cursor.next();
    if (!more) return more.error();
    source.more = *more;
    return {};
  }

  std::optional<SeriesKey> smallest_key() const {
    std::optional<SeriesKey> smallest;
    for (const Source& source : cursors_)
      if (source.more && (!smallest || source.cursor.summary().key < *smallest)) smallest = source.cursor.summary().key;
    return smallest;
  }

  Status write_channel(SegmentWriter& writer, SeriesKey key) {
    having_.clear();
    for (Source& source : cursors_)
      if (source.more && source.cursor.summary().key == key) having_.push_back(&source);
    if (having_.size() == 1) {
      const auto bytes = having_.front()->cursor.encoded();
      if (!bytes) return bytes.error();
      if (auto done = writer.add_encoded(*bytes); !done) return done.error();
    } else if (auto done = join(writer, key); !done) {
      return done.error();
    }
    for (Source* source : having_)
      if (auto done = advance(*source); !done) return done.error();
    return {};
  }

  Status join(SegmentWriter& writer, SeriesKey key) {
    joined_.clear();
    std::optional<ReadingBefore> before;
    for (Source* source : having_) {
      if (auto done = source->cursor.decode(piece_); !done) return done.error();
      const auto& its_before = source->cursor.summary().before;
      if (its_before && (!before || its_before->at < before->at)) before = its_before;
      merge_into(joined_, piece_);
    }
    // What stood before one block may lie inside the joined one.
    if (before && before->at >= joined_.at.front()) before.reset();
    return writer.add(key, joined_, before);
  }

  std::vector<Source> cursors_;
  std::vector<Source*> having_;
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

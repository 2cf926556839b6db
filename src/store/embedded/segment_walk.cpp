#include "store/embedded/segment_walk.h"

namespace meterhouse {

Status SegmentWalk::advance(Source& source) {
  const auto more = source.cursor.next();
  if (!more) return more.error();
  source.more = *more;
  return {};
}

Status SegmentWalk::start() {
  for (Source& source : sources_)
    if (auto done = advance(source); !done) return done.error();
  return {};
}

std::optional<SeriesKey> SegmentWalk::key() const {
  std::optional<SeriesKey> smallest;
  for (const Source& source : sources_)
    if (source.more && (!smallest || source.cursor.summary().key < *smallest)) smallest = source.cursor.summary().key;
  return smallest;
}

const std::vector<SegmentCursor*>& SegmentWalk::select(SeriesKey key) {
  passing_.clear();
  selected_.clear();
  for (Source& source : sources_) {
    if (!source.more || source.cursor.summary().key != key) continue;
    passing_.push_back(&source);
    selected_.push_back(&source.cursor);
  }
  return selected_;
}

Status SegmentWalk::pass() {
  for (Source* source : passing_)
    if (auto done = advance(*source); !done) return done.error();
  passing_.clear();
  return {};
}

}  // namespace meterhouse

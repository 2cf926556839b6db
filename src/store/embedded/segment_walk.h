#pragma once

#include <optional>
#include <vector>

#include "store/embedded/segment.h"

namespace meterhouse {

// Cursors of several segments side by side, key by key.
//   walk.start();
//   while (auto key = walk.key()) { for (SegmentCursor* block : walk.select(*key)) ... ; walk.pass(); }
class SegmentWalk {
 public:
  void add(SegmentCursor cursor) { sources_.push_back({std::move(cursor), false}); }

  // To the first blocks.
  //   errors  as SegmentCursor::next
  Status start();
  // The smallest key that a cursor stands at; nullopt: all are at their end.
  std::optional<SeriesKey> key() const;
  // The cursors that stand at `key`, in the order in which they were added; valid until the next call.
  const std::vector<SegmentCursor*>& select(SeriesKey key);
  // The selected ones to their next blocks.
  //   errors  as SegmentCursor::next
  Status pass();

 private:
  struct Source {
    SegmentCursor cursor;
    bool more;
  };
  static Status advance(Source& source);

  std::vector<Source> sources_;
  std::vector<Source*> passing_;
  std::vector<SegmentCursor*> selected_;
};

}  // namespace meterhouse

#include "formats/row_buffer.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "formats/reading_rows.h"

namespace meterhouse {
namespace {
constexpr std::string_view kMark = "\xEF\xBB\xBF";
}

RowBuffer::RowBuffer(ByteOrderMark mark)
    : bytes_(std::make_unique<char[]>(kPadding)), capacity_(kPadding), mark_(mark) {}

void RowBuffer::append(std::string_view bytes) {
  MH_CHECK(!finished_ && bytes.size() <= kMaxFeedBytes && size() <= kMaxRowBytes);
  if (end_ + bytes.size() + kPadding > capacity_) make_room(bytes.size());
  std::copy(bytes.begin(), bytes.end(), bytes_.get() + end_);
  end_ += bytes.size();
  std::memset(bytes_.get() + end_, 0, kPadding);
  skip_mark();
}

// What is left moves to the front, of a larger piece of memory where this one is too small: so a row that comes in a
// byte at a time is not moved for every byte.
void RowBuffer::make_room(std::size_t size_bytes) {
  const std::size_t left = size();
  const std::size_t needed = left + size_bytes + kPadding;
  consumed_before_ = offset();
  if (needed > capacity_) {
    capacity_ = std::max(needed, 2 * capacity_);
    auto larger = std::make_unique_for_overwrite<char[]>(capacity_);
    std::memcpy(larger.get(), data(), left);
    bytes_ = std::move(larger);
  } else {
    std::memmove(bytes_.get(), data(), left);
  }
  begin_ = 0;
  end_ = left;
}

void RowBuffer::finish() {
  finished_ = true;
  skip_mark();
  mark_ = ByteOrderMark::keep;
}

void RowBuffer::skip_mark() {
  if (mark_ == ByteOrderMark::keep) return;
  const std::string_view start = view().substr(0, kMark.size());
  if (start == kMark) {
    consume(kMark.size());
  } else if (kMark.starts_with(start)) {
    return;
  }
  mark_ = ByteOrderMark::keep;
}

}  // namespace meterhouse

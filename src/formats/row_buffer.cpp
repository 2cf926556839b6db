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
    : bytes_(std::make_unique<char[]>(kFront + kPadding)), capacity_(kFront + kPadding), mark_(mark) {}

void RowBuffer::append(std::string_view bytes) {
  MH_CHECK(!finished_ && bytes.size() <= kMaxFeedBytes && size() <= kMaxRowBytes);
  const std::size_t left = size();
  const std::size_t needed = kFront + left + bytes.size() + kPadding;
  const std::uint64_t at = offset();
  if (needed > capacity_) {
    auto larger = std::make_unique<char[]>(needed);
    std::memcpy(larger.get() + kFront, data(), left);
    bytes_ = std::move(larger);
    capacity_ = needed;
  } else {
    std::memmove(bytes_.get() + kFront, data(), left);
  }
  std::copy(bytes.begin(), bytes.end(), bytes_.get() + kFront + left);
  consumed_before_ = at;
  begin_ = kFront;
  end_ = kFront + left + bytes.size();
  std::memset(bytes_.get() + end_, 0, kPadding);
  skip_mark();
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

#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace meterhouse {

// The bytes of a body that were fed and are not consumed yet, with kPadding zero bytes behind, so that a parser may
// read past their end. A byte order mark at the start of the body is dropped where wanted.
class RowBuffer {
 public:
  static constexpr std::size_t kPadding = 64;
  enum class ByteOrderMark : std::uint8_t { keep, drop };

  explicit RowBuffer(ByteOrderMark mark);

  // What is left is at most kMaxRowBytes (MH_CHECK), the bytes at
  // most kMaxFeedBytes (MH_CHECK).
  void append(std::string_view bytes);
  void finish();

  // False while it is undecided whether the body starts with a byte order mark.
  bool ready() const { return mark_ == ByteOrderMark::keep; }
  bool finished() const { return finished_; }

  const char* data() const { return bytes_.get() + begin_; }
  std::size_t size() const { return end_ - begin_; }
  std::string_view view() const { return {data(), size()}; }
  void consume(std::size_t count) { begin_ += count; }

  // Of data()[0] in the body, from 0.
  std::uint64_t offset() const { return consumed_before_ + begin_; }

 private:
  void make_room(std::size_t size_bytes);
  void skip_mark();

  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t consumed_before_ = 0;
  ByteOrderMark mark_;
  bool finished_ = false;
};

}  // namespace meterhouse

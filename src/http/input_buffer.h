#pragma once

#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace meterhouse {

// Bytes received and not yet used, contiguous. Views into it live until prepare(), which may move them.
class InputBuffer {
 public:
  std::string_view data() const { return {bytes_.get() + begin_, end_ - begin_}; }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }

  // Room for at least `count` more bytes behind the data, and for all that fits `capacity` bytes in total.
  std::span<char> prepare(std::size_t count, std::size_t capacity) {
    if (empty()) begin_ = end_ = 0;
    if (capacity_ - end_ < count) make_room(count, capacity);
    return {bytes_.get() + end_, capacity_ - end_};
  }
  void commit(std::size_t count) { end_ += count; }
  void consume(std::size_t count) { begin_ += count; }
  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(prepare(bytes.size(), size() + bytes.size()).data(), bytes.data(), bytes.size());
    commit(bytes.size());
  }
  // Gives the memory back. Only where empty.
  void release() {
    bytes_.reset();
    begin_ = end_ = capacity_ = 0;
  }

 private:
  void make_room(std::size_t count, std::size_t capacity) {
    const std::size_t kept = size();
    const std::size_t wanted = kept + count > capacity ? kept + count : capacity;
    if (wanted <= capacity_) {
      std::memmove(bytes_.get(), bytes_.get() + begin_, kept);
    } else {
      auto larger = std::make_unique_for_overwrite<char[]>(wanted);
      if (kept > 0) std::memcpy(larger.get(), bytes_.get() + begin_, kept);
      bytes_ = std::move(larger);
      capacity_ = wanted;
    }
    begin_ = 0;
    end_ = kept;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace meterhouse

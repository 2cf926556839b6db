#include "store/sqlite/log_check.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <span>
#include <system_error>
#include <vector>

namespace meterhouse {
namespace {

constexpr std::size_t kHeader = 32;
constexpr std::size_t kFrameHeader = 24;
constexpr std::size_t kSummed = 8;  // of a frame's header: page and size; of the log's, all but the sum itself
constexpr std::uint32_t kMagic = 0x377F0682;  // | 1: sums of big-endian words
constexpr std::uint32_t kVersion = 3'007'000;

using Bytes = std::span<const std::byte>;

std::uint32_t word(Bytes bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | std::to_integer<std::uint32_t>(bytes[at + i]);
  return value;
}

// Continued from the header over every frame.
struct Sum {
  bool big_endian;
  std::uint32_t first = 0;
  std::uint32_t second = 0;

  void add(Bytes bytes) {
    for (std::size_t at = 0; at < bytes.size(); at += 8) {
      first += number(bytes, at) + second;
      second += number(bytes, at + 4) + first;
    }
  }
  bool is_at(Bytes bytes, std::size_t at) const { return word(bytes, at) == first && word(bytes, at + 4) == second; }

 private:
  std::uint32_t number(Bytes bytes, std::size_t at) const {
    const std::uint32_t value = word(bytes, at);
    return big_endian ? value : __builtin_bswap32(value);
  }
};

class Log {
 public:
  Log(std::string file, Bytes bytes) : file_(std::move(file)), bytes_(bytes) {}

  Result<LogCheck> check() {
    if (std::ranges::all_of(bytes_, [](std::byte b) { return b == std::byte{0}; })) return std::move(result_);
    if (bytes_.size() < kHeader) {  // of a log that was being begun: nothing was committed to it
      result_.torn = TornLog{file_, 0, bytes_.size()};
      return std::move(result_);
    }
    if (!read_header()) return damage(0, "the header of the catalog's log is damaged");
    std::size_t at = kHeader;
    for (; is_frame_there(at) && continues(at, sum_); at += frame_) take(at);
    return inspect_end(at);
  }

 private:
  Error damage(std::size_t offset, std::string_view what) const {
    return {Errc::corruption, fmt::format("{}: offset {}: {}", file_, offset, what)};
  }

  bool read_header() {
    const std::uint32_t magic = word(bytes_, 0);
    const std::uint32_t page = word(bytes_, 8);
    sum_.big_endian = (magic & 1U) != 0;
    sum_.add(bytes_.first(kHeader - kSummed));
    frame_ = kFrameHeader + page;
    return (magic | 1U) == (kMagic | 1U) && page >= 512 && page <= 65'536 && std::has_single_bit(page) &&
           word(bytes_, 4) == kVersion && sum_.is_at(bytes_, kHeader - kSummed);
  }

  bool is_frame_there(std::size_t at) const { return at + frame_ <= bytes_.size(); }
  bool is_commit(std::size_t at) const { return word(bytes_, at + 4) != 0; }
  bool same_salt(std::size_t at, std::size_t which) const {
    return word(bytes_, at + 8 + which) == word(bytes_, 16 + which);
  }
  // Of what an earlier use of the file left both are others; one flipped bit changes one.
  bool is_of_this_log(std::size_t at) const { return same_salt(at, 0) || same_salt(at, 4); }

  Sum over(Sum sum, std::size_t at) const {
    sum.add(bytes_.subspan(at, kSummed));
    sum.add(bytes_.subspan(at + kFrameHeader, frame_ - kFrameHeader));
    return sum;
  }

  // Whether the frame is one behind those that have this sum, which it then continues.
  bool continues(std::size_t at, Sum& sum) const {
    if (!same_salt(at, 0) || !same_salt(at, 4)) return false;
    const Sum with_it = over(sum, at);
    if (!with_it.is_at(bytes_, at + 16)) return false;
    sum = with_it;
    return true;
  }

  // Transactions that end in the bad frame or in those that were written behind it in one row. A transaction is durable
  // before the next one begins: a crash tears the last one, and only damage leaves two.
  std::size_t transactions_behind(std::size_t bad) const {
    std::size_t most = 0;
    const Sum stored{sum_.big_endian, word(bytes_, bad + 16), word(bytes_, bad + 20)};
    for (Sum sum : {stored, over(sum_, bad)}) {  // the second: the stored sum itself is what was damaged
      std::size_t ends = is_commit(bad) ? 1 : 0;
      for (std::size_t at = bad + frame_; is_frame_there(at) && continues(at, sum); at += frame_)
        if (is_commit(at)) ++ends;
      most = std::max(most, ends);
    }
    return most;
  }

  void take(std::size_t at) {
    open_.push_back(word(bytes_, at));
    if (!is_commit(at)) return;
    result_.pages.insert(open_.begin(), open_.end());
    open_.clear();
    committed_ = at + frame_;
  }

  // From `at` on there is no whole frame.
  Result<LogCheck> inspect_end(std::size_t at) {
    if (is_frame_there(at) && transactions_behind(at) > 1)
      return damage(at, "a frame of the catalog's log is damaged, and transactions behind it were acknowledged");
    while (at + kFrameHeader <= bytes_.size() && is_of_this_log(at)) at += std::min(frame_, bytes_.size() - at);
    if (at > committed_) result_.torn = TornLog{file_, committed_, at - committed_};
    return std::move(result_);
  }

  std::string file_;
  Bytes bytes_;
  Sum sum_{};
  std::size_t frame_ = 0;
  std::size_t committed_ = kHeader;  // where the last whole transaction ends
  std::vector<std::uint32_t> open_;  // pages of the one that has no end yet
  LogCheck result_;
};

}  // namespace

Result<LogCheck> check_log(const std::string& database) {
  const std::string path = database + "-wal";
  std::ifstream file{path, std::ios::binary};
  if (!file && errno == ENOENT) return LogCheck{};
  if (!file) return Error{Errc::io, fmt::format("open {}: {}", path, std::generic_category().message(errno))};
  const std::vector<char> content{std::istreambuf_iterator<char>{file}, {}};
  if (file.bad()) return Error{Errc::io, fmt::format("read {}", path)};
  return Log{path, std::as_bytes(std::span{content})}.check();
}

}  // namespace meterhouse

#include "store/embedded/segment_writer.h"

#include "base/check.h"
#include "base/checksum.h"
#include "codec/bytes.h"
#include "store/embedded/segment_format.h"

namespace meterhouse {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20;  // written at once

std::string aside(const std::string& path) { return path + ".tmp"; }

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return path.substr(0, slash == 0 ? 1 : slash);
}

}  // namespace

Result<SegmentWriter> SegmentWriter::create(FileSystem& files, std::string path, Options options) {
  MH_CHECK(options.start < options.end && options.first_fold <= options.last_fold);
  auto file = files.open(aside(path), OpenMode::create);
  if (!file) return file.error();
  return SegmentWriter{files, std::move(path), std::move(*file), options};
}

SegmentWriter::SegmentWriter(FileSystem& files, std::string path, std::unique_ptr<File> file, Options options)
    : files_(&files), path_(std::move(path)), file_(std::move(file)) {
  info_.start = info_.oldest = info_.newest = options.start;
  info_.end = options.end;
  info_.first_fold = options.first_fold;
  info_.last_fold = options.last_fold;
  buffer_.reserve(kPiece + kPiece / 8);
  append_segment_header(buffer_);
}

SegmentWriter::SegmentWriter(SegmentWriter&& other) noexcept = default;

SegmentWriter::~SegmentWriter() {
  if (!file_) return;  // finished, or moved from
  file_.reset();
  // Nobody is left to tell; a file left aside is never opened, and the next writer of that name empties it.
  static_cast<void>(files_->remove(aside(path_)));
}

Status SegmentWriter::add(SeriesKey key, const Series& series, std::optional<ReadingBefore> before) {
  MH_CHECK(!series.empty());
  note_block({key, series.size(), series.at.front(), series.at.back()});
  append_block(buffer_, key, series, before);
  return buffer_.size() < kPiece ? Status{} : flush();
}

Status SegmentWriter::add_encoded(std::span<const std::byte> block) {
  const auto summary = decode_block_header(block);
  if (!summary) return summary.error().during(fmt::format("copy a block into {}", path_));
  const auto refuse = [&](std::string_view what) {
    return damaged_block(summary->key, what).during(fmt::format("copy a block into {}", path_));
  };
  if (summary->size_bytes != block.size()) return refuse("other bytes stand behind it");
  if (last_key_ && summary->key <= *last_key_) return refuse("is not in the order of the meters");
  if (summary->first <= info_.start || summary->last > info_.end) return refuse("has readings outside the bounds");
  note_block({summary->key, summary->count, summary->first, summary->last});
  buffer_.insert(buffer_.end(), block.begin(), block.end());
  return buffer_.size() < kPiece ? Status{} : flush();
}

// Counts the block that is about to be appended and lets it begin a group where the one before is full.
void SegmentWriter::note_block(const Noted& block) {
  MH_CHECK(file_ && (!last_key_ || *last_key_ < block.key));
  MH_CHECK(block.first > info_.start && block.last <= info_.end);
  const auto offset = size_bytes();
  if (groups_ == 0 || offset - indexed_offset_ >= kGroupSize) {
    put_varint(index_, block.key.packed() - indexed_key_);
    put_varint(index_, offset - (groups_ == 0 ? kSegmentHeaderSize : indexed_offset_));
    indexed_key_ = block.key.packed();
    indexed_offset_ = offset;
    ++groups_;
  }
  if (info_.blocks == 0 || block.first < info_.oldest) info_.oldest = block.first;
  if (info_.blocks == 0 || block.last > info_.newest) info_.newest = block.last;
  ++info_.blocks;
  info_.readings += block.count;
  last_key_ = block.key;
}

Status SegmentWriter::flush() {
  if (auto written = file_->write_at(written_, buffer_); !written) return written;
  written_ += buffer_.size();
  buffer_.clear();
  return {};
}

Result<SegmentInfo> SegmentWriter::finish() {
  MH_CHECK(file_);
  SegmentFooter footer{.info = info_, .index_offset = size_bytes()};
  const auto index_at = buffer_.size();
  put_varint(buffer_, groups_);
  buffer_.insert(buffer_.end(), index_.begin(), index_.end());
  put_fixed(buffer_, crc32c(std::span{buffer_}.subspan(index_at)));
  footer.index_size = buffer_.size() - index_at;
  append_segment_footer(buffer_, footer);
  if (auto done = flush(); !done) return done.error();
  if (auto done = file_->sync(); !done) return done.error();
  if (auto done = files_->rename(aside(path_), path_); !done) return done.error();
  file_.reset();
  if (auto done = files_->sync_directory(directory_of(path_)); !done) return done.error();
  info_.size_bytes = written_;
  return info_;
}

}  // namespace meterhouse

#include "store/embedded/segment.h"

#include <algorithm>

#include "store/embedded/segment_finder.h"
#include "store/embedded/segment_format.h"
#include "store/embedded/series_edit.h"

namespace meterhouse {

Result<std::shared_ptr<const Segment>> Segment::open(FileSystem& files, const std::string& path) {
  auto file = files.open(path, OpenMode::read);
  if (!file) return file.error();
  const std::shared_ptr<Segment> segment{new Segment{path, std::move(*file)}};
  if (auto loaded = segment->load(); !loaded) return loaded.error();
  return std::shared_ptr<const Segment>{segment};
}

Status Segment::load() {
  if (auto checked = check_segment_header(*file_, path_); !checked) return checked;
  const auto footer = read_segment_footer(*file_, path_);
  if (!footer) return footer.error();
  auto index = read_segment_index(*file_, path_, *footer);
  if (!index) return index.error();
  info_ = footer->info;
  index_ = std::move(*index);
  return {};
}

Error Segment::damaged(std::uint64_t offset, const Error& error) const {
  if (error.code != Errc::corruption) return error;
  return damaged_segment(path_, offset, error.message);
}

std::uint64_t Segment::group_end(std::size_t group) const {
  return group + 1 < index_.offsets.size() ? index_.offsets[group + 1] : index_.blocks_end;
}

Status Segment::read_group(std::size_t group, Bytes& bytes) const {
  const auto offset = index_.offsets[group];
  bytes.size = static_cast<std::size_t>(group_end(group) - offset);
  if (bytes.room < bytes.size) {
    bytes.data = std::make_unique_for_overwrite<std::byte[]>(bytes.size);
    bytes.room = bytes.size;
  }
  return file_->read_at(offset, {bytes.data.get(), bytes.size});
}

Status Segment::read(SeriesKey key, ReadRange range, Series& out) const {
  out.clear();
  auto done = read_into(key, range, out);
  if (!done) out.clear();
  return done;
}

Status Segment::read_into(SeriesKey key, ReadRange range, Series& out) const {
  SegmentFinder finder{*this};
  const auto there = finder.find(key);
  if (!there) return there.error();
  if (!*there) return {};
  const BlockSummary& block = finder.header().summary;
  if (block.first > range.to || block.last < range.from) return {};
  if (!out.empty() && out.at.back() >= block.first) {
    Series piece;
    if (auto decoded = finder.decode(piece); !decoded) return decoded;
    clip(piece, range);
    merge_into(out, piece);
    return {};
  }
  const std::size_t row = out.size();
  const std::size_t count = front_until(finder.header(), range.to);
  out.at.resize(row + count);
  out.registers.resize(row + count);
  if (auto decoded = finder.decode_front(count, out, row); !decoded) return decoded;
  if (block.first < range.from || block.last > range.to) clip(out, range, row);
  return {};
}

Result<std::optional<BlockSummary>> Segment::summary(SeriesKey key) const {
  SegmentFinder finder{*this};
  const auto found = finder.find(key);
  if (!found) return found.error();
  if (!*found) return std::nullopt;
  return finder.header().summary;
}

}  // namespace meterhouse

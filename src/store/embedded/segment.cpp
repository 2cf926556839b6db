#include "store/embedded/segment.h"

#include <algorithm>

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

Result<Segment::Bytes> Segment::read_group(std::size_t group) const {
  const auto offset = index_.offsets[group];
  Bytes bytes;
  bytes.size = static_cast<std::size_t>(group_end(group) - offset);
  bytes.data = std::make_unique_for_overwrite<std::byte[]>(bytes.size);
  if (auto read = file_->read_at(offset, {bytes.data.get(), bytes.size}); !read) return read.error();
  return bytes;
}

// Walks the group whose keys the key lies among, from header to header.
Result<bool> Segment::find(SeriesKey key, FoundBlock& found) const {
  const auto behind = std::ranges::upper_bound(index_.keys, key.packed());
  if (behind == index_.keys.begin()) return false;
  const auto group = static_cast<std::size_t>(behind - index_.keys.begin()) - 1;
  auto bytes = read_group(group);
  if (!bytes) return bytes.error();
  found.group = std::move(*bytes);
  found.offset = index_.offsets[group];

  const BlockSummary& summary = found.header.summary;
  for (auto rest = found.group.span(); !rest.empty(); rest = rest.subspan(summary.size_bytes)) {
    found.at = found.group.size - rest.size();
    found.offset = index_.offsets[group] + found.at;
    if (auto read = read_block_header(rest, found.header); !read) return damaged(found.offset, read.error());
    if (summary.size_bytes > rest.size())
      return damaged(found.offset, damaged_block(summary.key, "reaches into the next group"));
    if (found.at == 0 && summary.key.packed() != index_.keys[group])
      return damaged(found.offset, damaged_block(summary.key, "the index names another meter here"));
    if (summary.key >= key) return summary.key == key;
  }
  return false;
}

Status Segment::read(SeriesKey key, ReadRange range, Series& out) const {
  out.clear();
  auto done = read_into(key, range, out);
  if (!done) out.clear();
  return done;
}

Status Segment::read_into(SeriesKey key, ReadRange range, Series& out) const {
  FoundBlock found;
  const auto there = find(key, found);
  if (!there) return there.error();
  if (!*there) return {};
  const BlockSummary& block = found.header.summary;
  if (block.first > range.to || block.last < range.from) return {};
  const auto bytes = found.group.span().subspan(found.at);
  if (!out.empty() && out.at.back() >= block.first) {
    Series piece;
    if (auto decoded = decode_readings(found.header, bytes, piece); !decoded)
      return damaged(found.offset, decoded.error());
    clip(piece, range);
    merge_into(out, piece);
    return {};
  }
  const std::size_t row = out.size();
  const std::size_t count = front_until(found.header, range.to);
  out.at.resize(row + count);
  out.registers.resize(row + count);
  if (auto decoded = decode_front(found.header, bytes, count, Instants::write, out, row); !decoded)
    return damaged(found.offset, decoded.error());
  if (block.first < range.from || block.last > range.to) clip(out, range, row);
  return {};
}

Result<std::optional<BlockSummary>> Segment::summary(SeriesKey key) const {
  FoundBlock block;
  const auto found = find(key, block);
  if (!found) return found.error();
  if (!*found) return std::nullopt;
  return block.header.summary;
}

}  // namespace meterhouse

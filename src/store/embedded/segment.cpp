#include "store/embedded/segment.h"

#include <algorithm>

#include "store/embedded/segment_format.h"

namespace meterhouse {
namespace {

// Leaves the readings with range.from <= at <= range.to.
void trim(Series& series, ReadRange range) {
  const auto first = std::ranges::lower_bound(series.at, range.from) - series.at.begin();
  const auto behind = std::max(first, std::ranges::upper_bound(series.at, range.to) - series.at.begin());
  const auto keep = [&](auto& column) {
    if (column.empty()) return;
    column.erase(column.begin() + behind, column.end());
    column.erase(column.begin(), column.begin() + first);
  };
  keep(series.at);
  keep(series.registers);
  keep(series.flags);
}

}  // namespace

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
  FoundBlock block;
  const auto found = find(key, block);
  if (!found || !*found) {
    out.clear();
    return found ? Status{} : found.error();
  }
  const BlockSummary& summary = block.header.summary;
  if (summary.first > range.to || summary.last < range.from) {
    out.clear();
    return {};
  }
  if (auto decoded = decode_readings(block.header, block.group.span().subspan(block.at), out); !decoded)
    return damaged(block.offset, decoded.error());
  if (summary.first < range.from || summary.last > range.to) trim(out, range);
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

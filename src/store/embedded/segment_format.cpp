#include "store/embedded/segment_format.h"

#include <array>
#include <cstring>

#include "base/checksum.h"
#include "codec/bytes.h"

namespace meterhouse {
namespace {

constexpr std::array<char, 8> kMagic = {'M', 'H', 'S', 'E', 'G', 'M', 'N', 'T'};
constexpr std::size_t kChecksum = 4;

bool checksum_holds(std::span<const std::byte> bytes) {
  const auto content = bytes.first(bytes.size() - kChecksum);
  return crc32c(content) == load_fixed<std::uint32_t>(content.data() + content.size());
}

SegmentFooter parse_footer(std::span<const std::byte> bytes) {
  ByteReader in{bytes};
  SegmentFooter footer;
  SegmentInfo& info = footer.info;
  footer.index_offset = in.fixed<std::uint64_t>();
  footer.index_size = in.fixed<std::uint64_t>();
  info.blocks = in.fixed<std::uint64_t>();
  info.readings = in.fixed<std::uint64_t>();
  info.start = instant_from_epoch(in.fixed<std::int64_t>());
  info.end = instant_from_epoch(in.fixed<std::int64_t>());
  info.first_fold = in.fixed<std::uint64_t>();
  info.last_fold = in.fixed<std::uint64_t>();
  info.oldest = instant_from_epoch(in.fixed<std::uint32_t>());
  info.newest = instant_from_epoch(in.fixed<std::uint32_t>());
  if (info.blocks == 0) info.oldest = info.newest = info.start;
  return footer;
}

// The rules a footer keeps whatever it counts; nullptr, or what is broken.
const char* broken_rule(const SegmentFooter& footer, std::uint64_t file_size) {
  const SegmentInfo& info = footer.info;
  if (footer.index_offset < kSegmentHeaderSize || footer.index_offset > file_size - kSegmentFooterSize ||
      footer.index_size != file_size - kSegmentFooterSize - footer.index_offset || footer.index_size < 1 + kChecksum)
    return "the index is not where the footer puts it";
  if (info.start >= info.end || info.first_fold > info.last_fold) return "the footer's bounds are not in order";
  if (info.readings < info.blocks) return "the footer counts fewer readings than blocks";
  if (info.blocks > 0 && (info.oldest <= info.start || info.newest > info.end || info.oldest > info.newest))
    return "the footer's readings are outside its bounds";
  return nullptr;
}

}  // namespace

Error damaged_segment(const std::string& path, std::uint64_t offset, std::string_view what) {
  return {Errc::corruption, fmt::format("{}: offset {}: {}", path, offset, what)};
}

void append_segment_header(std::vector<std::byte>& out) {
  const auto start = out.size();
  const auto magic = std::as_bytes(std::span{kMagic});
  out.insert(out.end(), magic.begin(), magic.end());
  put_fixed(out, kSegmentVersion);
  put_fixed(out, crc32c(std::span{out}.subspan(start)));
}

void append_segment_footer(std::vector<std::byte>& out, const SegmentFooter& footer) {
  const SegmentInfo& info = footer.info;
  const auto start = out.size();
  const auto seconds32 = [&](Instant at) {
    return info.blocks > 0 ? static_cast<std::uint32_t>(epoch_seconds(at)) : 0U;
  };
  put_fixed(out, footer.index_offset);
  put_fixed(out, footer.index_size);
  put_fixed(out, info.blocks);
  put_fixed(out, info.readings);
  put_fixed(out, epoch_seconds(info.start));
  put_fixed(out, epoch_seconds(info.end));
  put_fixed(out, info.first_fold);
  put_fixed(out, info.last_fold);
  put_fixed(out, seconds32(info.oldest));
  put_fixed(out, seconds32(info.newest));
  put_fixed(out, kSegmentVersion);
  put_fixed(out, crc32c(std::span{out}.subspan(start)));
}

Status check_segment_header(const File& file, const std::string& path) {
  std::array<std::byte, kSegmentHeaderSize> bytes;
  if (auto read = file.read_at(0, bytes); !read) return read;
  if (std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0)
    return damaged_segment(path, 0, "not a segment file");
  if (!checksum_holds(bytes)) return damaged_segment(path, 0, "checksum mismatch in the file header");
  const auto version = load_fixed<std::uint32_t>(bytes.data() + kMagic.size());
  if (version > kSegmentVersion)
    return Error{Errc::out_of_range,
                 fmt::format("{}: segment format version {} is newer than this program, which knows "
                             "versions up to {}; open it with a newer one",
                             path, version, kSegmentVersion)};
  if (version < 1) return damaged_segment(path, 0, "segment format version 0");
  return {};
}

Result<SegmentFooter> read_segment_footer(const File& file, const std::string& path) {
  const auto size = file.size();
  if (!size) return size.error();
  if (*size < kSegmentHeaderSize + kSegmentFooterSize) return damaged_segment(path, *size, "the file is cut off");
  const auto offset = *size - kSegmentFooterSize;
  std::array<std::byte, kSegmentFooterSize> bytes;
  if (auto read = file.read_at(offset, bytes); !read) return read.error();
  if (!checksum_holds(bytes)) return damaged_segment(path, offset, "checksum mismatch in the footer");
  auto footer = parse_footer(bytes);
  if (const char* rule = broken_rule(footer, *size)) return damaged_segment(path, offset, rule);
  footer.info.size_bytes = *size;
  return footer;
}

Result<SegmentIndex> read_segment_index(const File& file, const std::string& path, const SegmentFooter& footer) {
  std::vector<std::byte> bytes(footer.index_size);
  if (auto read = file.read_at(footer.index_offset, bytes); !read) return read.error();
  if (!checksum_holds(bytes)) return damaged_segment(path, footer.index_offset, "checksum mismatch in the index");

  ByteReader in{std::span{bytes}.first(bytes.size() - kChecksum)};
  const auto groups = in.varint();
  const auto damaged = damaged_segment(path, footer.index_offset, "the index contradicts itself or the footer");
  if (groups > in.left() / 2 || (groups == 0) != (footer.info.blocks == 0)) return damaged;
  SegmentIndex index;
  index.blocks_end = footer.index_offset;
  index.keys.reserve(groups);
  index.offsets.reserve(groups);
  std::uint64_t key = 0;
  std::uint64_t offset = kSegmentHeaderSize;
  for (std::uint64_t i = 0; i < groups; ++i) {
    const auto key_step = in.varint();
    const auto offset_step = in.varint();
    if (i > 0 && (key_step == 0 || offset_step == 0)) return damaged;
    if (key_step > UINT32_MAX - key || offset_step >= index.blocks_end - offset) return damaged;
    if (i == 0 && offset_step != 0) return damaged;
    index.keys.push_back(static_cast<std::uint32_t>(key += key_step));
    index.offsets.push_back(offset += offset_step);
  }
  if (!in.ok() || in.left() > 0) return damaged;
  if (groups == 0 && index.blocks_end != kSegmentHeaderSize) return damaged;
  return index;
}

}  // namespace meterhouse

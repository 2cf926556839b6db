#include "service/backup/backup_files.h"

#include <algorithm>
#include <memory>
#include <vector>

namespace meterhouse {
namespace {

constexpr std::uint64_t kPieceBytes = std::uint64_t{1} << 20;

// visit(offset, bytes) for one piece after the other.
template <class Visit>
Status in_pieces(std::uint64_t size, const ReadAt& read, ByteCounter& counter, Visit visit) {
  std::vector<std::byte> buffer(std::min(size, kPieceBytes));
  for (std::uint64_t at = 0; at < size;) {
    const auto piece = std::span{buffer}.first(std::min<std::uint64_t>(buffer.size(), size - at));
    if (auto done = read(at, piece); !done) return done;
    if (auto done = visit(at, piece); !done) return done;
    at += piece.size();
    if (auto on = counter.add(piece.size()); !on) return on;
  }
  return {};
}

}  // namespace

Result<ContentHash> hash_bytes(std::uint64_t size, const ReadAt& read, ByteCounter& counter) {
  ContentHasher hasher;
  const auto done = in_pieces(size, read, counter, [&](std::uint64_t, std::span<const std::byte> piece) {
    hasher.add(piece);
    return Status{};
  });
  if (!done) return done.error();
  return hasher.value();
}

Result<ContentHash> write_bytes(FileSystem& files, const std::string& path, std::uint64_t size, const ReadAt& read,
                                ByteCounter& counter) {
  const auto file = files.open(path, OpenMode::create);
  if (!file) return file.error();
  ContentHasher hasher;
  auto done = in_pieces(size, read, counter, [&](std::uint64_t at, std::span<const std::byte> piece) {
    hasher.add(piece);
    return (*file)->write_at(at, piece);
  });
  if (done) done = (*file)->sync();
  if (!done) return done.error();
  return hasher.value();
}

Result<ReadAt> reader_of(FileSystem& files, const std::string& path, std::uint64_t size) {
  auto opened = files.open(path, OpenMode::read);
  if (!opened) return opened.error();
  const std::shared_ptr<File> file = std::move(*opened);  // shared: a std::function is copied
  const auto there = file->size();
  if (!there) return there.error();
  if (*there != size)
    return Error{Errc::corruption, fmt::format("{}: {} bytes long, should be {}", path, *there, size)};
  return ReadAt{[file](std::uint64_t offset, std::span<std::byte> out) { return file->read_at(offset, out); }};
}

Result<ContentHash> hash_file(FileSystem& files, const std::string& path, std::uint64_t size, ByteCounter& counter) {
  const auto read = reader_of(files, path, size);
  if (!read) return read.error();
  return hash_bytes(size, *read, counter);
}

Status remove_tree(FileSystem& files, const std::string& path) {
  auto removed = files.remove(path);
  if (removed || removed.error().code == Errc::not_found) return {};
  const auto names = files.list(path);
  if (!names || names->empty()) return removed;  // no directory, or one that cannot be removed
  for (const std::string& name : *names)
    if (auto done = remove_tree(files, path + "/" + name); !done) return done;
  return files.remove(path);
}

}  // namespace meterhouse

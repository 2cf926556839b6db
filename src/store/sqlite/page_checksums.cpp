#include "store/sqlite/page_checksums.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <mutex>
#include <new>
#include <optional>
#include <span>

#include "base/check.h"
#include "base/checksum.h"

namespace meterhouse {
namespace {

constexpr std::size_t kHeaderReserveAt = 20;
constexpr std::size_t kSmallestPage = 512;
constexpr std::size_t kLargestPage = 65'536;
constexpr std::array<std::byte, 4> kMark{std::byte{'M'}, std::byte{'H'}, std::byte{'p'}, std::byte{'1'}};

using Page = std::span<const std::byte>;
using Trailer = std::array<std::byte, kPageReserve>;

// CRC32C of the page's number and of all of it but the trailer, then the mark. Nothing here allocates: SQLite's C
// frames lie above, and nothing may be thrown through them.
Trailer trailer_of(Page page, std::uint64_t number, std::byte byte_20) {
  std::uint32_t crc = crc32c(std::as_bytes(std::span{&number, 1}));
  crc = crc32c(page.first(kHeaderReserveAt), crc);
  crc = crc32c(std::span{&byte_20, 1}, crc);
  crc = crc32c(page.subspan(kHeaderReserveAt + 1, page.size() - kHeaderReserveAt - 1 - kPageReserve), crc);
  Trailer trailer;
  std::memcpy(trailer.data(), &crc, sizeof crc);
  std::ranges::copy(kMark, trailer.begin() + sizeof crc);
  return trailer;
}
Trailer trailer_of(Page page, std::uint64_t number) { return trailer_of(page, number, page[kHeaderReserveAt]); }

// A page that was never written, in a hole of the file, is zeros; no flipped bit makes one of a page that was.
bool is_whole(Page page, std::uint64_t number) {
  const auto trailer = page.last(kPageReserve);
  if (std::ranges::equal(trailer, trailer_of(page, number))) return true;
  return std::ranges::all_of(page, [](std::byte b) { return b == std::byte{0}; });
}

bool is_page(int size, sqlite3_int64 offset) {
  const auto bytes = static_cast<std::size_t>(size);
  const bool power_of_two = (bytes & (bytes - 1)) == 0;
  return bytes >= kSmallestPage && bytes <= kLargestPage && power_of_two && offset % size == 0;
}

// Whether a database has checksums, by its first page. One whose header says no, and whose end is the checksum of a
// header that said yes, had that byte flipped: the mismatch is found when the page is read.
bool has_checksums(Page first) {
  if (first[kHeaderReserveAt] != std::byte{0}) return true;
  return std::ranges::equal(first.last(kPageReserve), trailer_of(first, 1, std::byte{kPageReserve}));
}

std::size_t page_size_of(Page header) {
  const auto size = std::to_integer<std::size_t>(header[16]) << 8 | std::to_integer<std::size_t>(header[17]);
  return size == 1 ? kLargestPage : size;
}

sqlite3_vfs* real_vfs = nullptr;
sqlite3_vfs checksum_vfs;

// SQLite allocates szOsFile bytes: ours, and behind it the real file.
struct ChecksumFile {
  sqlite3_file base;
  std::optional<bool> checksums;  // of a database; absent: not known yet
  DamagedPage damaged;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
static_assert(sizeof(ChecksumFile) % alignof(std::max_align_t) == 0);

ChecksumFile* ours(sqlite3_file* file) { return reinterpret_cast<ChecksumFile*>(file); }
sqlite3_file* real(sqlite3_file* file) { return ours(file)->real(); }

template <auto Method, class... Args>
int pass(sqlite3_file* file, Args... args) {
  return (real(file)->pMethods->*Method)(real(file), args...);
}
void barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }

// A new file gets checksums: whoever makes one has SQLite leave the room for them.
int know_whether(ChecksumFile& file) {
  if (file.checksums) return SQLITE_OK;
  sqlite3_int64 size = 0;
  if (const int code = pass<&sqlite3_io_methods::xFileSize, sqlite3_int64*>(&file.base, &size); code != SQLITE_OK)
    return code;
  if (size == 0) {
    file.checksums = true;
    return SQLITE_OK;
  }
  std::array<std::byte, kLargestPage> buffer;
  const auto read = [&](std::size_t bytes) {
    return pass<&sqlite3_io_methods::xRead, void*, int, sqlite3_int64>(&file.base, buffer.data(),
                                                                       static_cast<int>(bytes), 0);
  };
  if (const int code = read(kSmallestPage); code != SQLITE_OK) return code;
  const std::size_t page = page_size_of(Page{buffer}.first(kSmallestPage));
  const std::size_t bytes = is_page(static_cast<int>(page), 0) ? page : kSmallestPage;
  if (const int code = read(bytes); code != SQLITE_OK) return code;
  file.checksums = has_checksums(Page{buffer}.first(bytes));
  return SQLITE_OK;
}

int read_page(sqlite3_file* file, void* out, int size, sqlite3_int64 offset) {
  const int code = pass<&sqlite3_io_methods::xRead, void*, int, sqlite3_int64>(file, out, size, offset);
  if (code != SQLITE_OK || !is_page(size, offset)) return code;
  if (const int known = know_whether(*ours(file)); known != SQLITE_OK) return known;
  const auto number = static_cast<std::uint64_t>(offset / size) + 1;
  const Page page{static_cast<const std::byte*>(out), static_cast<std::size_t>(size)};
  if (!*ours(file)->checksums || is_whole(page, number)) return SQLITE_OK;
  ours(file)->damaged = {number, static_cast<std::uint64_t>(offset)};
  return SQLITE_IOERR_DATA;
}

int write_page(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  const auto write = [&](const void* from) {
    return pass<&sqlite3_io_methods::xWrite, const void*, int, sqlite3_int64>(file, from, size, offset);
  };
  if (!is_page(size, offset)) return write(bytes);
  const Page page{static_cast<const std::byte*>(bytes), static_cast<std::size_t>(size)};
  if (offset == 0)  // a database of an earlier program gets its checksums when its first page says that there is room
    ours(file)->checksums = page[kHeaderReserveAt] == std::byte{kPageReserve};
  else if (const int known = know_whether(*ours(file)); known != SQLITE_OK)
    return known;
  if (!*ours(file)->checksums) return write(bytes);
  std::array<std::byte, kLargestPage> with;
  std::ranges::copy(page, with.begin());
  const Trailer trailer = trailer_of(page, static_cast<std::uint64_t>(offset / size) + 1);
  std::ranges::copy(trailer, with.begin() + size - kPageReserve);
  return write(with.data());
}

int control_file(sqlite3_file* file, int operation, void* argument) {
  if (operation == kTellDamagedPage) {
    *static_cast<DamagedPage*>(argument) = ours(file)->damaged;
    return SQLITE_OK;
  }
  if (operation == kTellChecksums) {
    const int known = know_whether(*ours(file));
    *static_cast<bool*>(argument) = ours(file)->checksums.value_or(true);
    return known;
  }
  return pass<&sqlite3_io_methods::xFileControl, int, void*>(file, operation, argument);
}

using Methods = sqlite3_io_methods;
// Of version 2: without the methods of version 3 SQLite maps nothing into memory, past this one.
constexpr Methods methods_with(decltype(Methods::xRead) read, decltype(Methods::xWrite) write) {
  return {2,
          pass<&Methods::xClose>,
          read,
          write,
          pass<&Methods::xTruncate, sqlite3_int64>,
          pass<&Methods::xSync, int>,
          pass<&Methods::xFileSize, sqlite3_int64*>,
          pass<&Methods::xLock, int>,
          pass<&Methods::xUnlock, int>,
          pass<&Methods::xCheckReservedLock, int*>,
          control_file,
          pass<&Methods::xSectorSize>,
          pass<&Methods::xDeviceCharacteristics>,
          pass<&Methods::xShmMap, int, int, int, void volatile**>,
          pass<&Methods::xShmLock, int, int, int>,
          barrier,
          pass<&Methods::xShmUnmap, int>,
          nullptr,
          nullptr};
}
const Methods kDatabase = methods_with(read_page, write_page);
const Methods kOther = methods_with(pass<&Methods::xRead, void*, int, sqlite3_int64>,
                                    pass<&Methods::xWrite, const void*, int, sqlite3_int64>);

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  ChecksumFile* const made = new (file) ChecksumFile{};
  std::memset(made->real(), 0, static_cast<std::size_t>(real_vfs->szOsFile));
  const int code = real_vfs->xOpen(real_vfs, name, made->real(), flags, flags_out);
  if (made->real()->pMethods != nullptr)
    made->base.pMethods = (flags & SQLITE_OPEN_MAIN_DB) != 0 ? &kDatabase : &kOther;
  return code;
}

}  // namespace

const char* page_checksum_vfs() {
  static std::mutex mutex;
  constexpr const char* kName = "meterhouse";
  const std::scoped_lock lock{mutex};
  sqlite3_vfs* const now = sqlite3_vfs_find(nullptr);
  if (now == real_vfs) return kName;
  if (real_vfs != nullptr) sqlite3_vfs_unregister(&checksum_vfs);
  real_vfs = now;
  checksum_vfs = *now;
  checksum_vfs.pNext = nullptr;
  checksum_vfs.zName = kName;
  checksum_vfs.szOsFile = now->szOsFile + static_cast<int>(sizeof(ChecksumFile));
  checksum_vfs.xOpen = open_file;
  MH_CHECK(sqlite3_vfs_register(&checksum_vfs, 0) == SQLITE_OK);
  return kName;
}

Result<std::vector<std::string>> find_damaged_pages(const std::string& path, const std::set<std::uint32_t>& newer,
                                                    std::size_t most) {
  std::vector<std::string> damages;
  std::ifstream file{path, std::ios::binary};
  const auto read = [&file](std::span<std::byte> out) {
    return static_cast<bool>(file.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size())));
  };
  std::array<std::byte, kSmallestPage> header;
  if (!read(header)) return damages;  // empty or cut: SQLite's own checks tell
  const std::size_t size = page_size_of(header);
  if (!is_page(static_cast<int>(size), 0)) return std::vector{DamagedPage{1, 0}.text()};
  std::vector<std::byte> page(size);
  file.seekg(0);
  for (std::uint64_t number = 1; damages.size() < most && read(page); ++number) {
    if (number == 1 && !has_checksums(page)) return damages;
    if (!newer.contains(static_cast<std::uint32_t>(number)) && !is_whole(page, number))
      damages.push_back(DamagedPage{number, (number - 1) * size}.text());
  }
  if (file.bad()) return Error{Errc::io, fmt::format("read {}", path)};
  return damages;
}

}  // namespace meterhouse

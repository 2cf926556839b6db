// The real disk. Calls interrupted by a signal or cut short are continued, so that callers see all or an error.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "base/file_system.h"

namespace meterhouse {
namespace {

// The error of a failed system call, from errno.
Error failed(std::string_view attempt, std::string_view path) {
  const int number = errno;
  Errc code = Errc::io;
  if (number == ENOSPC || number == EDQUOT) code = Errc::no_space;
  if (number == ENOENT) code = Errc::not_found;
  return {code, fmt::format("{} {}: {}", attempt, path, std::generic_category().message(number))};
}

// Repeats a call while a signal interrupts it.
template <class Call>
auto restarted(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);  // never again after EINTR: Linux has closed it
  }
  int get() const { return number_; }
  bool valid() const { return number_ >= 0; }

 private:
  int number_;
};

class PosixFile final : public File {
 public:
  PosixFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}

  Status read_at(std::uint64_t offset, std::span<std::byte> out) const override {
    const std::uint64_t start = offset;
    const std::size_t wanted = out.size();
    while (!out.empty()) {
      const auto count =
          restarted([&] { return ::pread(descriptor_.get(), out.data(), out.size(), static_cast<off_t>(offset)); });
      if (count < 0) return failed("read", path_);
      if (count == 0)
        return Error{Errc::corruption, fmt::format("read {}: the file ends at {}, {} bytes at offset {} were wanted",
                                                   path_, offset, wanted, start)};
      out = out.subspan(static_cast<std::size_t>(count));
      offset += static_cast<std::uint64_t>(count);
    }
    return {};
  }

  Status write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const auto count = restarted(
          [&] { return ::pwrite(descriptor_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
      if (count < 0) return failed("write", path_);
      bytes = bytes.subspan(static_cast<std::size_t>(count));
      offset += static_cast<std::uint64_t>(count);
    }
    return {};
  }

  Status sync() override {
    // fdatasync also writes the size where the file grew (it is needed to read the data back); a cut goes by fsync.
    const bool whole = cut_;
    cut_ = false;
    if (restarted([&] { return whole ? ::fsync(descriptor_.get()) : ::fdatasync(descriptor_.get()); }) != 0)
      return failed("sync", path_);
    return {};
  }

  Result<std::uint64_t> size() const override {
    struct stat status {};
    if (::fstat(descriptor_.get(), &status) != 0) return failed("ask the size of", path_);
    return static_cast<std::uint64_t>(status.st_size);
  }

  Status truncate(std::uint64_t size) override {
    cut_ = true;
    if (restarted([&] { return ::ftruncate(descriptor_.get(), static_cast<off_t>(size)); }) != 0)
      return failed("truncate", path_);
    return {};
  }

 private:
  Descriptor descriptor_;
  std::string path_;
  bool cut_ = false;  // the size was set since the last sync
};

class PosixLock final : public FileSystem::Lock {
 public:
  explicit PosixLock(int descriptor) : descriptor_(descriptor) {}

 private:
  Descriptor descriptor_;  // closing it lets go of the lock
};

int open_descriptor(const std::string& path, int flags) {
  constexpr mode_t kMode = 0666;  // less the umask
  return restarted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, kMode); });
}

int flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::read:
      return O_RDONLY;
    case OpenMode::read_write:
      return O_RDWR;
    case OpenMode::create:
      return O_RDWR | O_CREAT | O_TRUNC;
  }
  return O_RDONLY;
}

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    const int descriptor = open_descriptor(path, flags_of(mode));
    if (descriptor < 0) return failed("open", path);
    return std::make_unique<PosixFile>(descriptor, path);
  }

  Status rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return failed(fmt::format("rename {} to", from), to);
    return {};
  }

  Status remove(const std::string& path) override {
    if (std::remove(path.c_str()) != 0) return failed("remove", path);
    return {};
  }

  Status sync_directory(const std::string& path) override {
    const Descriptor directory{open_descriptor(path, O_RDONLY | O_DIRECTORY)};
    if (!directory.valid() || restarted([&] { return ::fsync(directory.get()); }) != 0)
      return failed("sync directory", path);
    return {};
  }

  Status create_directories(const std::string& path) override {
    if (::mkdir(path.c_str(), 0777) == 0) return sync_directory(parent_of(path));
    if (errno == EEXIST) {
      struct stat status {};
      if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
      errno = ENOTDIR;
    }
    if (errno != ENOENT || parent_of(path) == path) return failed("create directory", path);
    if (const auto parent = create_directories(parent_of(path)); !parent) return parent;
    if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) return failed("create directory", path);
    return sync_directory(parent_of(path));
  }

  Result<std::vector<std::string>> list(const std::string& directory) const override {
    std::error_code error;
    std::vector<std::string> names;
    for (std::filesystem::directory_iterator entry{directory, error}, end; !error && entry != end;
         entry.increment(error))
      names.push_back(entry->path().filename().string());
    if (error) {
      errno = error.value();
      return failed("list", directory);
    }
    std::ranges::sort(names);
    return names;
  }

  Result<bool> exists(const std::string& path) const override {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return failed("look for", path);
  }

  Result<std::unique_ptr<Lock>> lock(const std::string& path) override {
    const int descriptor = open_descriptor(path, O_RDWR | O_CREAT);
    if (descriptor < 0) return failed("open lock", path);
    auto lock = std::make_unique<PosixLock>(descriptor);
    if (restarted([&] { return ::flock(descriptor, LOCK_EX | LOCK_NB); }) != 0) {
      if (errno == EWOULDBLOCK) return Error{Errc::unavailable, fmt::format("another process holds the lock {}", path)};
      return failed("lock", path);
    }
    return lock;
  }

 private:
  static std::string parent_of(std::string path) {
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return path.substr(0, std::max<std::size_t>(slash, 1));
  }
};

}  // namespace

FileSystem& posix_file_system() {
  static PosixFileSystem files;
  return files;
}

}  // namespace meterhouse

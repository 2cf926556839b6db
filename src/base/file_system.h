#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace meterhouse {

// An open file with explicit offsets. Reads are safe from any thread; one thread writes.
//   errors of every call: io, or no_space where the disk is full
class File {
 public:
  virtual ~File() = default;

  // Reads exactly out.size() bytes. errors also: corruption where the file ends before them (it names offset and file).
  virtual Status read_at(std::uint64_t offset, std::span<std::byte> out) const = 0;
  virtual Status write_at(std::uint64_t offset, std::span<const std::byte> bytes) = 0;
  // The data are on stable storage once it returns. After an error nothing is known of what was written since the last
  // success, and a second call must not be believed (Linux marks the pages clean): the caller stops and replays.
  virtual Status sync() = 0;
  virtual Result<std::uint64_t> size() const = 0;
  virtual Status truncate(std::uint64_t size) = 0;
};

enum class OpenMode {
  read,        // must exist
  read_write,  // must exist
  create,      // read and write; made empty where it is new, made empty also where it exists
};

// The disk, as far as the stores need it, so that a test can fail the n-th operation or lose what was not synced.
// Paths are relative to nothing: callers pass whole paths. Any thread.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // errors  also: not_found where it must exist and does not
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  // Replaces `to` where it exists, atomically; durable after sync_directory.
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status remove(const std::string& path) = 0;  // error not_found where there is none
  virtual Status sync_directory(const std::string& path) = 0;
  virtual Status create_directories(const std::string& path) = 0;
  virtual Result<std::vector<std::string>> list(const std::string& directory) const = 0;  // names, sorted
  virtual Result<bool> exists(const std::string& path) const = 0;

  // An advisory lock on a file (made where missing) for as long as the returned object lives.
  //   errors  unavailable: another process holds it
  class Lock {
   public:
    virtual ~Lock() = default;
  };
  virtual Result<std::unique_ptr<Lock>> lock(const std::string& path) = 0;
};

// The real disk (POSIX).
FileSystem& posix_file_system();

// Whole small files, built from the calls above. write_file_atomically leaves either the old or the new content,
// durable.
Result<std::string> read_file(FileSystem& files, const std::string& path);
Status write_file_atomically(FileSystem& files, const std::string& path, std::string_view content);

}  // namespace meterhouse

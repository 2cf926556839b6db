#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "base/content_hash.h"
#include "base/file_system.h"
#include "base/result.h"

namespace meterhouse {

// How far a long run over many files is: bytes. Called on the calling thread, after each piece. False: the run is to
// stop there; it ends with Errc::unavailable.
using ByteProgress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

// Counts the bytes of one run and tells them. One thread.
class ByteCounter {
 public:
  // progress  may be empty; outlives the object
  ByteCounter(const ByteProgress& progress, std::uint64_t total) : progress_(progress), total_(total) {}
  // errors  unavailable: the run is to stop
  Status add(std::uint64_t bytes) {
    done_ += bytes;
    if (progress_ && !progress_(done_, total_)) return Error{Errc::unavailable, "stopped"};
    return {};
  }
  std::uint64_t done() const { return done_; }

 private:
  const ByteProgress& progress_;
  std::uint64_t total_;
  std::uint64_t done_ = 0;
};

// Reads exactly out.size() bytes from offset on.
using ReadAt = std::function<Status(std::uint64_t offset, std::span<std::byte> out)>;

// The hash of `size` bytes, read in large pieces.
Result<ContentHash> hash_bytes(std::uint64_t size, const ReadAt& read, ByteCounter& counter);
// Writes them into a file, made empty where it is there, and syncs it; their hash. The directory is not synced.
Result<ContentHash> write_bytes(FileSystem& files, const std::string& path, std::uint64_t size, const ReadAt& read,
                                ByteCounter& counter);

// The hash of a whole file. errors  not_found; corruption: it has not `size` bytes; io. Each names the file
Result<ContentHash> hash_file(FileSystem& files, const std::string& path, std::uint64_t size, ByteCounter& counter);
// Reads of an open file, which lives as long as the result.
Result<ReadAt> reader_of(FileSystem& files, const std::string& path, std::uint64_t size);

// Removes the file, or the directory with everything in it. Not there: success.
Status remove_tree(FileSystem& files, const std::string& path);

}  // namespace meterhouse

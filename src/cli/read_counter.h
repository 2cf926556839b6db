#pragma once

#include <functional>

#include "base/file_system.h"

namespace meterhouse::cli {

// A file system that tells how much has been read through it: what a progress bar over many files needs. One thread.
class ReadCounter final : public FileSystem {
 public:
  // on_read  gets the bytes read so far, after each read. files outlives the object, and it outlives its files
  ReadCounter(FileSystem& files, std::function<void(std::uint64_t bytes)> on_read)
      : files_(files), on_read_(std::move(on_read)) {}

  std::uint64_t bytes() const { return bytes_; }

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Status rename(const std::string& from, const std::string& to) override { return files_.rename(from, to); }
  Status remove(const std::string& path) override { return files_.remove(path); }
  Status sync_directory(const std::string& path) override { return files_.sync_directory(path); }
  Status create_directories(const std::string& path) override { return files_.create_directories(path); }
  Result<std::vector<std::string>> list(const std::string& directory) const override { return files_.list(directory); }
  Result<bool> exists(const std::string& path) const override { return files_.exists(path); }
  Result<std::unique_ptr<Lock>> lock(const std::string& path) override { return files_.lock(path); }

 private:
  class CountedFile;

  FileSystem& files_;
  std::function<void(std::uint64_t)> on_read_;
  std::uint64_t bytes_ = 0;
};

}  // namespace meterhouse::cli

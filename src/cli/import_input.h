#pragma once

#include <zlib.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"

namespace meterhouse::cli {

// The file to import, or standard input for "-". One packed with gzip is known by its first bytes and unpacked on the
// way. One thread.
class InputFile {
 public:
  // errors  not_found
  static Result<InputFile> open(const std::string& path);

  std::uint64_t size() const { return size_; }  // 0: not known

  // Fills the span; 0 at the end. errors  io; corruption: the gzip data is damaged or cut off
  Result<std::size_t> read(std::span<char> into) const;

 private:
  struct Close {
    void operator()(gzFile file) const { gzclose(file); }
  };
  explicit InputFile(gzFile file) : file_(file) {}

  std::unique_ptr<gzFile_s, Close> file_;
  std::uint64_t size_ = 0;
};

}  // namespace meterhouse::cli

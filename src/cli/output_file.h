#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace meterhouse::cli {

// A file to write from the beginning, or standard output for "-". One thread.
class OutputFile {
 public:
  // errors  io
  static Result<OutputFile> open(const std::string& path);

  Status write(std::string_view text);
  // Everything is with the operating system. Once, at the end. errors io (the disk is full …)
  Status close();

  const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const;
  };
  OutputFile(std::string path, std::FILE* file) : path_(std::move(path)), file_(file) {}
  Error failure(std::string_view what) const;

  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace meterhouse::cli

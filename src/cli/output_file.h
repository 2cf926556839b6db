#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace meterhouse::cli {

// A file to write from the beginning, or standard output for "-". One thread.
class OutputFile {
 public:
  // When the file stands under its name: while it is written, or only once close() succeeded; until then it is
  // PATH.part, which an end without close() removes. What is there and no plain file (a pipe) is written to as it is.
  enum class Appears : std::uint8_t { at_once, when_closed };
  // errors  io
  static Result<OutputFile> open(const std::string& path, Appears appears = Appears::at_once);

  Status write(std::string_view text);
  // Everything is with the operating system. Once, at the end. errors io (the disk is full …)
  Status close();

  const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const;
  };
  // A file that is removed at the end unless it is kept.
  class Part {
   public:
    explicit Part(std::string path) : path_(std::move(path)) {}
    Part(Part&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    Part& operator=(Part&& other) noexcept {
      std::swap(path_, other.path_);
      return *this;
    }
    ~Part();
    const std::string& path() const { return path_; }
    void keep() { path_.clear(); }

   private:
    std::string path_;  // empty: none
  };
  OutputFile(std::string path, Part part, std::FILE* file)
      : path_(std::move(path)), part_(std::move(part)), file_(file) {}
  Error failure(std::string_view what) const;

  std::string path_;
  Part part_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace meterhouse::cli

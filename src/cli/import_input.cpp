#include "cli/import_input.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace meterhouse::cli {

Result<InputFile> InputFile::open(const std::string& path) {
  errno = 0;
  InputFile input{path == "-" ? gzdopen(dup(STDIN_FILENO), "rb") : gzopen(path.c_str(), "rb")};
  if (!input.file_) return Error{Errc::not_found, fmt::format("read {}: {}", path, std::strerror(errno))};
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (path != "-" && !error && gzdirect(input.file_.get()) == 1) input.size_ = size;
  return input;
}

Result<std::size_t> InputFile::read(std::span<char> into) const {
  errno = 0;
  const int count = gzread(file_.get(), into.data(), static_cast<unsigned>(into.size()));
  if (count > 0) return static_cast<std::size_t>(count);
  int code = Z_OK;
  const char* words = gzerror(file_.get(), &code);
  if (code == Z_ERRNO) return Error{Errc::io, fmt::format("read the file: {}", std::strerror(errno))};
  if (code == Z_BUF_ERROR) return Error{Errc::corruption, "the gzip data is cut off in the middle"};
  if (count < 0) return Error{Errc::corruption, fmt::format("the gzip data is damaged: {}", words)};
  return std::size_t{0};
}

}  // namespace meterhouse::cli

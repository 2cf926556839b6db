#include "cli/output_file.h"

#include <cerrno>
#include <cstring>

namespace meterhouse::cli {

void OutputFile::Close::operator()(std::FILE* file) const {
  if (file != stdout) std::fclose(file);
}

Error OutputFile::failure(std::string_view what) const {
  return {Errc::io, fmt::format("{} {}: {}", what, path_ == "-" ? "standard output" : path_, std::strerror(errno))};
}

Result<OutputFile> OutputFile::open(const std::string& path) {
  OutputFile file{path, path == "-" ? stdout : std::fopen(path.c_str(), "wb")};
  if (file.file_ == nullptr) return file.failure("write");
  return file;
}

Status OutputFile::write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size()) return failure("write");
  return {};
}

Status OutputFile::close() {
  std::FILE* const file = file_.release();
  const int failed = file == stdout ? std::fflush(file) : std::fclose(file);
  if (failed != 0) return failure("write");
  return {};
}

}  // namespace meterhouse::cli

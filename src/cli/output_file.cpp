#include "cli/output_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace meterhouse::cli {

void OutputFile::Close::operator()(std::FILE* file) const {
  if (file != stdout) std::fclose(file);
}

Error OutputFile::failure(std::string_view what) const {
  return {Errc::io, fmt::format("{} {}: {}", what, path_ == "-" ? "standard output" : path_, std::strerror(errno))};
}

OutputFile::Part::~Part() {
  if (!path_.empty()) std::remove(path_.c_str());
}

Result<OutputFile> OutputFile::open(const std::string& path, Appears appears) {
  if (path == "-") return OutputFile{path, Part{{}}, stdout};
  std::error_code unknown;
  const auto there = std::filesystem::status(path, unknown);
  const bool in_place = std::filesystem::exists(there) && !std::filesystem::is_regular_file(there);
  const std::string part = appears == Appears::when_closed && !in_place ? path + ".part" : "";
  std::FILE* const opened = std::fopen(part.empty() ? path.c_str() : part.c_str(), "wb");
  OutputFile file{path, Part{opened != nullptr ? part : ""}, opened};
  if (opened == nullptr) return file.failure("write");
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
  if (part_.path().empty()) return {};
  if (std::rename(part_.path().c_str(), path_.c_str()) != 0) return failure("write");
  part_.keep();
  return {};
}

}  // namespace meterhouse::cli

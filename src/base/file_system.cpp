#include "base/file_system.h"

namespace meterhouse {

Result<std::string> read_file(FileSystem& files, const std::string& path) {
  const auto file = files.open(path, OpenMode::read);
  if (!file) return file.error();
  const auto size = (*file)->size();
  if (!size) return size.error();
  std::string content(*size, '\0');
  if (const auto read = (*file)->read_at(0, std::as_writable_bytes(std::span{content})); !read) return read.error();
  return content;
}

Status write_file_atomically(FileSystem& files, const std::string& path, std::string_view content) {
  const std::string aside = path + ".new";
  const auto write_aside = [&]() -> Status {
    const auto file = files.open(aside, OpenMode::create);
    if (!file) return file.error();
    if (const auto written = (*file)->write_at(0, std::as_bytes(std::span{content})); !written) return written;
    return (*file)->sync();
  };
  auto done = write_aside();
  if (done) done = files.rename(aside, path);
  if (!done) {
    // Best effort: what is left aside is overwritten by the next attempt; the error that counts is the first.
    static_cast<void>(files.remove(aside));
    return done;
  }
  const auto slash = path.rfind('/');
  return files.sync_directory(slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1)));
}

}  // namespace meterhouse

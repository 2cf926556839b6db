#pragma once

#include <span>
#include <string_view>

#include "http/message.h"

namespace meterhouse {

// A file that was built into the program.
struct EmbeddedFile {
  std::string_view path;  // "/assets/index-BkX1.js"
  std::string_view bytes;
  std::string_view gzip;  // the same compressed; empty: not worth it
  std::string_view etag;  // quoted, of the content
};

// The web pages' files (web/dist at build time); none where the program was built without them.
std::span<const EmbeddedFile> web_files();
const EmbeddedFile& openapi_file();

// Serves the pages: /, /register/ and /query/ answer index.html (a single-page application), files under /assets/ have
// hashed names and are cached for ever. Answers in gzip where the client takes it, 304 where it has the file.
class StaticFiles {
 public:
  explicit StaticFiles(std::span<const EmbeddedFile> files) : files_(files) {}

  // Whether the path is one of the pages or their files.
  bool known(std::string_view path) const;
  Response answer(const Request& request) const;
  static Response answer(const Request& request, const EmbeddedFile& file);
  // 404 for a person: index.html, whose script says that there is no such page.
  Response not_found(const Request& request) const;

 private:
  const EmbeddedFile* find(std::string_view path) const;
  std::span<const EmbeddedFile> files_;
};

}  // namespace meterhouse

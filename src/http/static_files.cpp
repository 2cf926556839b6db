#include "http/static_files.h"

#include <algorithm>

namespace meterhouse {

namespace {

constexpr std::string_view kPages[] = {"/", "/register", "/register/", "/query", "/query/"};
constexpr std::string_view kNoPages =
    "This meterhouse was built without its web pages (METERHOUSE_WEB=OFF); its HTTP interface is described at "
    "/api/openapi.json.\n";

// Scripts, fonts and pictures come from this server alone. Styles may be set on elements (the charts do).
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src "
    "'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

struct MediaType {
  std::string_view extension;
  std::string_view type;
};
constexpr MediaType kMediaTypes[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
    {".webmanifest", "application/manifest+json"},
};

std::string_view media_type(std::string_view path) {
  const auto found =
      std::ranges::find_if(kMediaTypes, [&](const MediaType& type) { return path.ends_with(type.extension); });
  return found == std::ranges::end(kMediaTypes) ? "application/octet-stream" : found->type;
}

bool is_page(std::string_view path) { return std::ranges::find(kPages, path) != std::ranges::end(kPages); }

// Whether the parameters behind a coding are a weight of 0 (RFC 9110, 12.4.2): "0", "0.", "0.0", "0.00" or "0.000".
bool weighs_nothing(std::string_view parameters) {
  const std::size_t at = parameters.find("q=");
  if (at == std::string_view::npos) return false;
  const std::string_view weight = parameters.substr(at + 2);
  return weight.starts_with('0') && weight.find_first_of("123456789") == std::string_view::npos;
}

// Whether Accept-Encoding takes gzip. A weight of 0 forbids it; other weights do not matter, there is nothing to weigh.
bool takes_gzip(std::string_view accepted) {
  while (!accepted.empty()) {
    const std::size_t end = accepted.find(',');
    std::string_view coding = accepted.substr(0, end);
    accepted.remove_prefix(end == std::string_view::npos ? accepted.size() : end + 1);
    while (coding.starts_with(' ')) coding.remove_prefix(1);
    const std::string_view name = coding.substr(0, coding.find_first_of("; "));
    if (!equal_ignoring_case(name, "gzip") && name != "*") continue;
    return !weighs_nothing(coding.substr(name.size()));
  }
  return false;
}

Response text_response(std::string_view text) {
  Response response;
  response.content_type = "text/plain; charset=utf-8";
  response.constant_body = text;
  return response;
}

void add_headers(Response& response, const EmbeddedFile& file) {
  response.headers.emplace_back("ETag", file.etag);
  response.headers.emplace_back("Vary", "Accept-Encoding");
  const bool hashed_name = file.path.starts_with("/assets/");
  response.headers.emplace_back("Cache-Control", hashed_name ? "public, max-age=31536000, immutable" : "no-cache");
  response.headers.emplace_back("Content-Security-Policy", kContentSecurityPolicy);
  response.headers.emplace_back("Referrer-Policy", "same-origin");
  response.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
}

Response whole(const Request& request, const EmbeddedFile& file) {
  Response response;
  add_headers(response, file);
  response.content_type = media_type(file.path);
  response.constant_body = file.bytes;
  if (!file.gzip.empty() && takes_gzip(request.header("Accept-Encoding"))) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.constant_body = file.gzip;
  }
  return response;
}

}  // namespace

const EmbeddedFile* StaticFiles::find(std::string_view path) const {
  const auto found = std::ranges::find(files_, path, &EmbeddedFile::path);
  return found == files_.end() ? nullptr : &*found;
}

bool StaticFiles::known(std::string_view path) const { return is_page(path) || find(path) != nullptr; }

Response StaticFiles::answer(const Request& request) const {
  const EmbeddedFile* file = find(is_page(request.path) ? "/index.html" : request.path);
  return file != nullptr ? answer(request, *file) : text_response(kNoPages);
}

Response StaticFiles::answer(const Request& request, const EmbeddedFile& file) {
  if (request.header("If-None-Match").find(file.etag) == std::string_view::npos) return whole(request, file);
  Response response;
  response.status = 304;
  add_headers(response, file);
  return response;
}

Response StaticFiles::not_found(const Request& request) const {
  const EmbeddedFile* file = find("/index.html");
  Response response = file != nullptr ? whole(request, *file) : text_response(kNoPages);
  response.status = 404;
  return response;
}

}  // namespace meterhouse

#include "store/embedded/manifest.h"

#include <charconv>

#include "base/check.h"
#include "base/checksum.h"

namespace meterhouse {
namespace {

constexpr std::string_view kTitle = "meterhouse-manifest ";
constexpr std::string_view kCrcWord = "crc32c ";
constexpr std::size_t kCrcLineSize = kCrcWord.size() + 8 + 1;

std::uint32_t text_crc(std::string_view text) { return crc32c(std::as_bytes(std::span{text.data(), text.size()})); }

// Words of one line, taken from the front.
class Words {
 public:
  explicit Words(std::string_view line) : rest_(line) {}
  std::string_view next() {
    const auto end = rest_.find(' ');
    const auto word = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view{} : rest_.substr(end + 1);
    return word;
  }
  template <class Number>
  bool number(Number& out, int base = 10) {
    const auto word = next();
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), out, base);
    return error == std::errc{} && end == word.data() + word.size() && !word.empty();
  }
  bool instant(Instant& out) {
    std::int64_t seconds = 0;
    if (!number(seconds)) return false;
    out = instant_from_epoch(seconds);
    return true;
  }
  bool ended() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

bool decode_segment(Words& words, SegmentEntry& out) {
  out.name = std::string{words.next()};
  const bool plain_name =
      !out.name.empty() && out.name.find('/') == std::string::npos && out.name != "." && out.name != "..";
  return plain_name && words.instant(out.month.from) && words.instant(out.month.to) && words.number(out.first_fold) &&
         words.number(out.last_fold) && words.number(out.size_bytes) && words.number(out.readings) && words.ended();
}

bool yes_or_no(Words& words, bool& out) {
  const auto answer = words.next();
  out = answer == "yes";
  return (answer == "yes" || answer == "no") && words.ended();
}

bool decode_line(std::string_view line, Manifest& manifest) {
  Words words{line};
  const auto name = words.next();
  if (name == "next-fold") return words.number(manifest.next_fold) && words.ended();
  if (name == "first-journal-file") return words.number(manifest.first_journal_file) && words.ended();
  if (name == "next-sequence") return words.number(manifest.next_sequence) && words.ended();
  if (name == "timezone") {
    manifest.timezone = std::string{words.next()};
    return !manifest.timezone.empty() && words.ended();
  }
  if (name == "segment") return decode_segment(words, manifest.segments.emplace_back());
  if (name == "clean") return yes_or_no(words, manifest.clean);
  if (name == "held") return yes_or_no(words, manifest.held);
  if (name == "first-pending-file") return words.number(manifest.first_pending_file) && words.ended();
  if (name == "next-pending-sequence") return words.number(manifest.next_pending_sequence) && words.ended();
  if (name == "pending-end") return words.number(manifest.pending_end) && words.ended();
  return false;
}

// A store that was never held stays readable for a program of version 1.
bool was_held(const Manifest& manifest) { return manifest.held || manifest.first_pending_file != 1; }

}  // namespace

std::string encode_manifest(const Manifest& manifest) {
  std::string text = fmt::format("{}{}\n", kTitle, was_held(manifest) ? kManifestVersion : 1);
  auto out = std::back_inserter(text);
  fmt::format_to(out, "timezone {}\nnext-fold {}\nfirst-journal-file {}\nnext-sequence {}\nclean {}\n",
                 manifest.timezone, manifest.next_fold, manifest.first_journal_file, manifest.next_sequence,
                 manifest.clean ? "yes" : "no");
  if (was_held(manifest))
    fmt::format_to(out, "held {}\nfirst-pending-file {}\nnext-pending-sequence {}\n", manifest.held ? "yes" : "no",
                   manifest.first_pending_file, manifest.next_pending_sequence);
  if (manifest.pending_end != 0) fmt::format_to(out, "pending-end {}\n", manifest.pending_end);
  for (const SegmentEntry& s : manifest.segments)
    fmt::format_to(out, "segment {} {} {} {} {} {} {}\n", s.name, epoch_seconds(s.month.from),
                   epoch_seconds(s.month.to), s.first_fold, s.last_fold, s.size_bytes, s.readings);
  fmt::format_to(out, "{}{:08x}\n", kCrcWord, text_crc(text));
  return text;
}

Result<Manifest> decode_manifest(std::string_view text) {
  if (text.size() < kCrcLineSize)
    return Error{Errc::corruption, fmt::format("only {} bytes long: it has been cut", text.size())};
  const auto body = text.substr(0, text.size() - kCrcLineSize);
  const std::string expected = fmt::format("{}{:08x}\n", kCrcWord, text_crc(body));
  if (text.substr(body.size()) != expected)
    return Error{Errc::corruption, fmt::format("offset {}: the checksum line does not match the rest", body.size())};

  const auto title_end = body.find('\n');
  if (!body.starts_with(kTitle) || title_end == std::string_view::npos)
    return Error{Errc::corruption, "offset 0: not a manifest"};
  int version = 0;
  if (!Words{body.substr(kTitle.size(), title_end - kTitle.size())}.number(version) || version < 1)
    return Error{Errc::corruption, "offset 0: no version"};
  if (version > kManifestVersion)
    return Error{Errc::unavailable, fmt::format("data version {} is newer than this program's {}; use a newer program",
                                                version, kManifestVersion)};
  Manifest manifest;
  for (std::size_t at = title_end + 1; at < body.size();) {
    const auto end = body.find('\n', at);
    if (end == std::string_view::npos || !decode_line(body.substr(at, end - at), manifest))
      return Error{Errc::corruption, fmt::format("offset {}: a line this program does not write", at)};
    at = end + 1;
  }
  return manifest;
}

Result<Manifest> read_manifest(FileSystem& files, const std::string& path) {
  const auto text = read_file(files, path);
  if (!text) return text.error();
  const auto manifest = decode_manifest(*text);
  if (!manifest) return manifest.error().during(path);
  return manifest;
}

Status write_manifest(FileSystem& files, const std::string& path, const Manifest& manifest) {
  const std::string text = encode_manifest(manifest);
  MH_CHECK(decode_manifest(text) == manifest);  // what goes to disk can be read back
  return write_file_atomically(files, path, text);
}

}  // namespace meterhouse

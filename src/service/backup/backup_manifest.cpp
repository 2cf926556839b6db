#include "service/backup/backup_manifest.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/iso8601.h"

namespace meterhouse {
namespace {

constexpr std::string_view kChecksumMember = "\"xxh3_128\":\"";
constexpr std::string_view kEnd = "\"}\n";
constexpr std::size_t kTailSize = kChecksumMember.size() + 32 + kEnd.size();

std::string tail_of(std::string_view body) {
  return fmt::format("{}{}{}", kChecksumMember, content_hash(body).hex(), kEnd);
}

std::string utc_text(Instant at) {
  auto text = format_iso8601(at, Seconds{0});
  text.replace(text.size() - 6, 6, "Z");
  return text;
}

Error wrong(std::string_view member) {
  return {Errc::corruption, fmt::format("\"{}\" is not as this program writes it", member)};
}

// The members of an object, each asked for once.
class Members {
 public:
  explicit Members(const boost::json::object& object) : object_(object) {}

  template <class Take>
  Members& take(std::string_view name, Take accept) {
    ++taken_;
    const auto* value = object_.if_contains(name);
    if (problem_.empty() && (value == nullptr || !accept(*value))) problem_ = std::string{name};
    return *this;
  }
  Members& number(std::string_view name, std::uint64_t& out) {
    return take(name, [&out](const boost::json::value& value) {
      if (const auto* small = value.if_int64(); small != nullptr && *small >= 0)
        out = static_cast<std::uint64_t>(*small);
      else if (const auto* large = value.if_uint64())
        out = *large;
      else
        return false;
      return true;
    });
  }
  Members& text(std::string_view name, std::string& out) {
    return take(name, [&out](const boost::json::value& value) {
      const auto* given = value.if_string();
      if (given != nullptr) out = std::string{*given};
      return given != nullptr;
    });
  }
  // The wanted ones are there and no others.
  Status finish() const {
    if (!problem_.empty()) return wrong(problem_);
    if (object_.size() != taken_) return Error{Errc::corruption, "a member that this program does not write"};
    return {};
  }

 private:
  const boost::json::object& object_;
  std::size_t taken_ = 0;
  std::string problem_;
};

bool take_instant(const boost::json::value& value, Instant& out) {
  const auto* text = value.if_string();
  if (text == nullptr) return false;
  const auto written = parse_iso8601(std::string_view{text->data(), text->size()});
  if (!written || !written->offset) return false;
  out = Instant{written->local.time_since_epoch() - *written->offset};
  return utc_text(out) == std::string_view{text->data(), text->size()};
}

bool take_hash(const boost::json::value& value, ContentHash& out) {
  const auto* text = value.if_string();
  const auto hash = text != nullptr ? ContentHash::parse({text->data(), text->size()}) : std::nullopt;
  if (hash) out = *hash;
  return hash.has_value();
}

bool take_file(const boost::json::value& value, BackupFile& out) {
  const auto* object = value.if_object();
  if (object == nullptr) return false;
  const Status taken = Members{*object}
                           .text("path", out.path)
                           .number("size", out.size_bytes)
                           .take("xxh3_128", [&](const auto& hash) { return take_hash(hash, out.hash); })
                           .finish();
  return taken.has_value() && is_plain_path(out.path);
}

bool take_files(const boost::json::value& value, std::vector<BackupFile>& out) {
  const auto* array = value.if_array();
  if (array == nullptr || array->size() > kMaxBackupFiles) return false;
  for (const auto& entry : *array)
    if (!take_file(entry, out.emplace_back())) return false;
  const auto not_ascending = [](const BackupFile& a, const BackupFile& b) { return a.path >= b.path; };
  return std::ranges::adjacent_find(out, not_ascending) == out.end();
}

bool take_digest(const boost::json::value& value, std::optional<std::string>& out) {
  ContentHash digits;  // a digest has the same form
  if (!take_hash(value, digits)) return false;
  out = digits.hex();
  return true;
}

// A name goes into messages and paths.
bool is_plain_name(std::string_view name) { return is_plain_path(name) && name.find('/') == std::string_view::npos; }

Result<BackupManifest> decode_members(const boost::json::object& object) {
  const auto* version = object.if_contains("meterhouse_backup");
  const auto* number = version != nullptr ? version->if_int64() : nullptr;
  if (number == nullptr || *number < 1) return Error{Errc::corruption, "not the manifest of a backup"};
  if (*number > kBackupManifestVersion)
    return Error{Errc::unavailable,
                 fmt::format("backup version {} is newer than this program's {}; use a newer program", *number,
                             kBackupManifestVersion)};
  BackupManifest manifest;
  std::string checksum;  // compared already
  std::string store;
  Members members{object};
  members.take("meterhouse_backup", [](const auto&) { return true; })
      .text("name", manifest.name)
      .text("store_id", store)
      .take("started", [&](const auto& value) { return take_instant(value, manifest.started); })
      .take("finished", [&](const auto& value) { return take_instant(value, manifest.finished); })
      .number("sequence", manifest.sequence)
      .number("pending_sequence", manifest.pending_sequence)
      .number("meters", manifest.meters)
      .take("digest", [&](const auto& value) { return value.is_null() || take_digest(value, manifest.digest); });
  if (object.contains("meters_digest"))
    members.take("meters_digest", [&](const auto& value) { return take_digest(value, manifest.meters_digest); });
  const Status taken = members.take("files", [&](const auto& value) { return take_files(value, manifest.files); })
                           .text("xxh3_128", checksum)
                           .finish();
  if (!taken) return taken.error();
  const auto id = StoreId::parse(store);
  if (!id) return wrong("store_id");
  manifest.store = *id;
  if (!is_plain_name(manifest.name)) return wrong("name");
  return manifest;
}

}  // namespace

std::uint64_t BackupManifest::bytes() const {
  std::uint64_t sum = 0;
  for (const BackupFile& file : files) sum += file.size_bytes;
  return sum;
}

bool is_plain_path(std::string_view path) {
  constexpr std::size_t kMaxPath = 512;
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";
  if (path.empty() || path.size() > kMaxPath || path.find_first_not_of(kPlain) != std::string_view::npos) return false;
  for (std::size_t at = 0; at <= path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    const auto name = path.substr(at, end - at);
    if (name.empty() || name == "." || name == "..") return false;
    at = end + 1;
  }
  return true;
}

std::string encode_backup_manifest(const BackupManifest& manifest) {
  std::string text;
  auto out = std::back_inserter(text);
  fmt::format_to(out, "{{\"meterhouse_backup\":{},\n\"name\":\"{}\",\n\"store_id\":\"{}\",\n", kBackupManifestVersion,
                 manifest.name, manifest.store.hex());
  fmt::format_to(out, "\"started\":\"{}\",\n\"finished\":\"{}\",\n", utc_text(manifest.started),
                 utc_text(manifest.finished));
  fmt::format_to(out, "\"sequence\":{},\n\"pending_sequence\":{},\n\"meters\":{},\n", manifest.sequence,
                 manifest.pending_sequence, manifest.meters);
  fmt::format_to(out, "\"digest\":{},\n", manifest.digest ? fmt::format("\"{}\"", *manifest.digest) : "null");
  if (manifest.meters_digest) fmt::format_to(out, "\"meters_digest\":\"{}\",\n", *manifest.meters_digest);
  text += "\"files\":[";
  std::string_view before = "\n";
  for (const BackupFile& file : manifest.files) {
    fmt::format_to(out, "{}{{\"path\":\"{}\",\"size\":{},\"xxh3_128\":\"{}\"}}", before, file.path, file.size_bytes,
                   file.hash.hex());
    before = ",\n";
  }
  text += "\n],\n";
  return text + tail_of(text);
}

Result<BackupManifest> decode_backup_manifest(std::string_view text) {
  if (text.size() < kTailSize)
    return Error{Errc::corruption, fmt::format("only {} bytes long: it has been cut", text.size())};
  const auto body = text.substr(0, text.size() - kTailSize);
  if (text.substr(body.size()) != tail_of(body))
    return Error{Errc::corruption, fmt::format("offset {}: the checksum does not match the rest", body.size())};
  boost::system::error_code error;
  const auto parsed = boost::json::parse({text.data(), text.size()}, error);
  const auto* object = error ? nullptr : parsed.if_object();
  if (object == nullptr) return Error{Errc::corruption, "not the manifest of a backup"};
  return decode_members(*object);
}

}  // namespace meterhouse

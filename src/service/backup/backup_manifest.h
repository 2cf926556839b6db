#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/content_hash.h"
#include "base/result.h"
#include "base/time.h"
#include "service/backup/store_id.h"

namespace meterhouse {

// A file of a backup, by its path within the data directory it comes from.
struct BackupFile {
  std::string path;  // plain: names of letters, digits, '.', '-' and '_', joined by '/'; below the directory
  std::uint64_t size_bytes;
  ContentHash hash;
  friend bool operator==(const BackupFile&, const BackupFile&) = default;
};

// What a backup consists of and which moment it is of: everything a restore must find whole. JSON, the last member a
// checksum of all before it, so that any cut or change is found. source  docs/formats/backup.md
struct BackupManifest {
  std::string name;  // of the backup's directory
  StoreId store;
  Instant started;
  Instant finished;            // everything acknowledged before `started` is in it, nothing from after `finished`
  std::uint64_t sequence = 0;  // of the newest frame of the journal in it
  std::uint64_t pending_sequence = 0;
  std::uint64_t meters = 0;
  std::optional<std::string> digest = {};         // of its readings; absent: it was not computed
  std::optional<std::string> meters_digest = {};  // of its meters; absent: likewise, or from before there was one
  std::vector<BackupFile> files;                  // ascending by path, each once
  friend bool operator==(const BackupManifest&, const BackupManifest&) = default;

  std::uint64_t bytes() const;  // of all files
};

constexpr int kBackupManifestVersion = 1;
constexpr std::size_t kMaxBackupFiles = 1'000'000;

std::string encode_backup_manifest(const BackupManifest& manifest);
// errors  corruption (the reason), unavailable: written by a newer version
Result<BackupManifest> decode_backup_manifest(std::string_view text);

// Whether a restore may lay a file down under this path.
bool is_plain_path(std::string_view path);

}  // namespace meterhouse

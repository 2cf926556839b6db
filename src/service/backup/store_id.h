#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/result.h"

namespace meterhouse {

// Which store a data directory is, so that the backups of two never mix: 128 random bits, made once. A restored
// directory is another store: it goes on from an earlier moment, and its journal counts on from there.
class StoreId {
 public:
  StoreId() = default;  // of no store
  // 32 hexadecimal digits, lower case; nullopt: other text
  static std::optional<StoreId> parse(std::string_view hex);

  const std::string& hex() const { return hex_; }
  friend bool operator==(const StoreId&, const StoreId&) = default;

 private:
  std::string hex_ = std::string(32, '0');
};

// The file that keeps it, in a data directory and in a directory of backups: text under a checksum.
//   source  docs/formats/backup.md
inline constexpr const char* kStoreIdFile = "STORE-ID";
std::string encode_store_id(const StoreId& id);
// errors  corruption
Result<StoreId> decode_store_id(std::string_view text);

// Of the directory; nullopt: it has none yet. errors  corruption: names the file; io
Result<std::optional<StoreId>> read_store_id(FileSystem& files, const std::string& directory);
Status write_store_id(FileSystem& files, const std::string& directory, const StoreId& id);
// The one there is, else a new one, durable.
Result<StoreId> read_or_make_store_id(FileSystem& files, const std::string& directory,
                                      const std::function<StoreId()>& make);

}  // namespace meterhouse

#include "service/backup/store_id.h"

#include "service/backup/checked_lines.h"

namespace meterhouse {
namespace {

constexpr std::string_view kTitle = "meterhouse-store-id 1\n";

}  // namespace

std::optional<StoreId> StoreId::parse(std::string_view hex) {
  if (!ContentHash::parse(hex)) return std::nullopt;  // the same digits
  StoreId id;
  id.hex_ = std::string{hex};
  return id;
}

std::string encode_store_id(const StoreId& id) { return with_checksum(fmt::format("{}{}\n", kTitle, id.hex())); }

Result<StoreId> decode_store_id(std::string_view text) {
  constexpr std::size_t kDigits = 32;
  const auto id = StoreId::parse(text.substr(std::min(kTitle.size(), text.size()), kDigits));
  if (!id || encode_store_id(*id) != text)
    return Error{Errc::corruption, "not the id of a store, or its checksum does not match"};
  return *id;
}

Result<std::optional<StoreId>> read_store_id(FileSystem& files, const std::string& directory) {
  const std::string path = directory + "/" + kStoreIdFile;
  const auto there = files.exists(path);
  if (!there) return there.error();
  if (!*there) return std::optional<StoreId>{};
  const auto text = read_file(files, path);
  if (!text) return text.error();
  auto id = decode_store_id(*text);
  if (!id) return id.error().during(path);
  return std::optional<StoreId>{std::move(*id)};
}

Status write_store_id(FileSystem& files, const std::string& directory, const StoreId& id) {
  return write_file_atomically(files, directory + "/" + kStoreIdFile, encode_store_id(id));
}

Result<StoreId> read_or_make_store_id(FileSystem& files, const std::string& directory,
                                      const std::function<StoreId()>& make) {
  auto there = read_store_id(files, directory);
  if (!there) return there.error();
  if (*there) return **there;
  const StoreId made = make();
  if (const Status written = write_store_id(files, directory, made); !written) return written.error();
  return made;
}

}  // namespace meterhouse

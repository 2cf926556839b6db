#pragma once

#include <cstring>
#include <map>
#include <memory>
#include <string>

#include "base/testing/simulated_disk.h"
#include "service/backup/backup_directory.h"

namespace meterhouse {

// For test programs only. The files of a data directory as text, and a snapshot of them.
using TestFiles = std::map<std::string, std::string>;

inline std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span{text.data(), text.size()});
  return {bytes.begin(), bytes.end()};
}

inline std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline StoreSnapshot snapshot_of(const TestFiles& files, std::uint64_t sequence, Instant at) {
  StoreSnapshot snapshot{.files = {}, .sequence = sequence, .pending_sequence = 0, .taken_at = at};
  for (const auto& [path, text] : files) {
    const auto content = std::make_shared<const std::string>(text);
    snapshot.files.push_back({.path = path,
                              .size_bytes = text.size(),
                              .immutable = path.starts_with("segments/"),
                              .read = [content](std::uint64_t offset, std::span<std::byte> out) -> Status {
                                std::memcpy(out.data(), content->data() + offset, out.size());
                                return {};
                              }});
  }
  return snapshot;
}

inline StoreId test_store(char digit = '1') { return *StoreId::parse(std::string(32, digit)); }

// Copies this text as the catalog.
inline std::function<Status(const std::string&)> catalog_of(FileSystem& disk, std::string text) {
  return [&disk, text = std::move(text)](const std::string& path) -> Status {
    const auto file = disk.open(path, OpenMode::create);
    if (!file) return file.error();
    if (auto done = (*file)->write_at(0, std::as_bytes(std::span{text})); !done) return done;
    return (*file)->sync();
  };
}

}  // namespace meterhouse

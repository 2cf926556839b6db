#pragma once

#include <algorithm>
#include <string>

#include "base/file_system.h"
#include "store/contract/must.h"
#include "store/snapshot.h"

namespace meterhouse {

inline std::vector<std::byte> content_of(const SnapshotFile& file) {
  constexpr std::uint64_t kPiece = 1'000;  // of an odd size, so that pieces lie across whatever a file is made of
  std::vector<std::byte> bytes(file.size_bytes);
  for (std::uint64_t at = 0; at < bytes.size(); at += kPiece)
    must(file.read(at, std::span{bytes}.subspan(at, std::min(kPiece, bytes.size() - at))));
  return bytes;
}

// Writes the files of a snapshot into a directory.
inline void lay_down(const StoreSnapshot& snapshot, FileSystem& files, const std::string& directory) {
  for (const char* folder : {"", "/segments", "/journal", "/pending"})
    must(files.create_directories(directory + folder));
  for (const SnapshotFile& file : snapshot.files) {
    const auto opened = must(files.open(directory + "/" + file.path, OpenMode::create));
    must(opened->write_at(0, content_of(file)));
    must(opened->sync());
  }
  for (const char* folder : {"", "/segments", "/journal", "/pending"}) must(files.sync_directory(directory + folder));
}

}  // namespace meterhouse

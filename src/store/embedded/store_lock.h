#pragma once

#include <memory>
#include <string>

#include "base/file_system.h"

namespace meterhouse {

// One process at a time holds the directory of a store, for as long as the returned object lives. Whoever keeps other
// files beside the store takes the lock first and hands it to the store (EmbeddedOptions::lock).
//   directory  is there
//   errors     unavailable: another process holds it; io
Result<std::shared_ptr<FileSystem::Lock>> lock_store(FileSystem& files, const std::string& directory);

}  // namespace meterhouse

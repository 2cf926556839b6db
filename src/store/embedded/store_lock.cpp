#include "store/embedded/store_lock.h"

namespace meterhouse {

Result<std::shared_ptr<FileSystem::Lock>> lock_store(FileSystem& files, const std::string& directory) {
  auto lock = files.lock(directory + "/LOCK");
  if (!lock) return lock.error();
  return std::shared_ptr<FileSystem::Lock>{std::move(*lock)};
}

}  // namespace meterhouse

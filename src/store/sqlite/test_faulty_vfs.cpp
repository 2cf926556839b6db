#include "store/sqlite/test_faulty_vfs.h"

#include <sqlite3.h>

#include <atomic>
#include <cstring>

#include "base/check.h"

namespace meterhouse {
namespace {

sqlite3_vfs* real_vfs = nullptr;
sqlite3_vfs faulty_vfs;
std::atomic<int> operations_left{-1};  // below 0 and not failing: healthy
std::atomic<int> failure_code{0};
std::atomic<bool> has_failed{false};

// SQLite allocates szOsFile bytes: ours, and behind it the real file.
struct FaultyFile {
  sqlite3_file base;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<FaultyFile*>(file)->real(); }

// SQLITE_OK, or the failure that this operation is to meet.
int next_operation() {
  const int code = failure_code.load();
  if (code == 0 || operations_left.fetch_sub(1) > 0) return SQLITE_OK;
  has_failed = true;
  return code;
}

template <auto Method, class... Args>
int pass(sqlite3_file* file, Args... args) {
  return (real(file)->pMethods->*Method)(real(file), args...);
}
template <auto Method, class... Args>
int pass_or_fail(sqlite3_file* file, Args... args) {
  const int code = next_operation();
  return code == SQLITE_OK ? pass<Method, Args...>(file, args...) : code;
}
void barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }

using Methods = sqlite3_io_methods;
const Methods kFaultyMethods = {
    2,
    pass<&Methods::xClose>,
    pass<&Methods::xRead, void*, int, sqlite3_int64>,
    pass_or_fail<&Methods::xWrite, const void*, int, sqlite3_int64>,
    pass_or_fail<&Methods::xTruncate, sqlite3_int64>,
    pass_or_fail<&Methods::xSync, int>,
    pass<&Methods::xFileSize, sqlite3_int64*>,
    pass<&Methods::xLock, int>,
    pass<&Methods::xUnlock, int>,
    pass<&Methods::xCheckReservedLock, int*>,
    pass<&Methods::xFileControl, int, void*>,
    pass<&Methods::xSectorSize>,
    pass<&Methods::xDeviceCharacteristics>,
    pass<&Methods::xShmMap, int, int, int, void volatile**>,
    pass<&Methods::xShmLock, int, int, int>,
    barrier,
    pass<&Methods::xShmUnmap, int>,
    nullptr,
    nullptr,
};

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  auto* faulty = reinterpret_cast<FaultyFile*>(file);
  faulty->base.pMethods = nullptr;
  std::memset(faulty->real(), 0, static_cast<std::size_t>(real_vfs->szOsFile));
  const int code = real_vfs->xOpen(real_vfs, name, faulty->real(), flags, flags_out);
  if (faulty->real()->pMethods != nullptr) faulty->base.pMethods = &kFaultyMethods;
  return code;
}

}  // namespace

FaultyVfs::FaultyVfs() {
  real_vfs = sqlite3_vfs_find(nullptr);
  faulty_vfs = *real_vfs;
  faulty_vfs.pNext = nullptr;
  faulty_vfs.zName = "faulty";
  faulty_vfs.szOsFile = real_vfs->szOsFile + static_cast<int>(sizeof(FaultyFile));
  faulty_vfs.xOpen = open_file;
  MH_CHECK(sqlite3_vfs_register(&faulty_vfs, 1) == SQLITE_OK);
  heal();
}

FaultyVfs::~FaultyVfs() {
  heal();
  sqlite3_vfs_unregister(&faulty_vfs);
  sqlite3_vfs_register(real_vfs, 1);
}

void FaultyVfs::fail_from(int operation, int code) {
  operations_left = operation;
  has_failed = false;
  failure_code = code;
}

void FaultyVfs::heal() { failure_code = 0; }

bool FaultyVfs::failed() const { return has_failed; }

}  // namespace meterhouse

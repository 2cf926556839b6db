#pragma once

namespace meterhouse {

// For tests: SQLite's disk, failing on purpose. While one lives, every connection opened goes through it. One at a
// time.
class FaultyVfs {
 public:
  FaultyVfs();
  ~FaultyVfs();
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;

  // The n-th write, sync or truncation from now (0: the next) and all after it fail with the code (SQLITE_FULL, …).
  void fail_from(int operation, int code);
  void heal();
  bool failed() const;  // since fail_from
};

}  // namespace meterhouse

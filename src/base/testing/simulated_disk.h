#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/file_system.h"

namespace meterhouse {

// A disk in memory that can fail its n-th operation and lose what was not synced, as a crash of the machine would: of
// the writes since the last sync any may be kept or lost, whole sectors at a time; of the names since the last sync of
// the directory as well, in order. For tests. Any thread.
class SimulatedDisk final : public FileSystem {
 public:
  explicit SimulatedDisk(std::uint64_t seed = 1) : random_(seed) {}

  // The operation number `count` from now on (0: the next) fails with `errc`, and each later one too, until crash() or
  // heal(). Counted: writes, syncs, opens for writing, renames, removals, directory syncs; after count_reads() also
  // opens for reading, reads, and lists.
  void fail_after(std::uint64_t count, Errc errc = Errc::io);
  void count_reads();
  void heal();
  // From now on the files that have a name hold no more than this together; what would need more fails with no_space,
  // and what fits of it is written, as on a real disk.
  void set_capacity(std::uint64_t bytes);
  std::uint64_t used_bytes() const;
  bool failed() const;  // a failure has been met since the last crash
  std::uint64_t operations() const;

  // The machine stops and starts again: open files and locks are of no use any more, unsynced data are lost in part.
  void crash();

  // For damage tests: the content as it stands.
  std::vector<std::byte> content(const std::string& path) const;
  void set_content(const std::string& path, std::vector<std::byte> bytes);
  std::vector<std::string> paths() const;

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status sync_directory(const std::string& path) override;
  Status create_directories(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) const override;
  Result<bool> exists(const std::string& path) const override;
  Result<std::unique_ptr<Lock>> lock(const std::string& path) override;

 private:
  friend class SimulatedFile;
  friend class SimulatedLock;

  struct Inode {
    std::vector<std::byte> now;      // what reads see
    std::vector<std::byte> durable;  // as of the last sync
  };
  using Names = std::map<std::string, std::shared_ptr<Inode>>;
  struct NameChange {
    std::string directory;
    std::string path;
    std::shared_ptr<Inode> inode;  // null: removed
    bool first_of_pair = false;    // goes with the next change: a rename happens as a whole or not at all
  };

  Status step() const;
  Status step_of_read() const;
  std::uint64_t used() const;
  void change_name(const std::string& path, std::shared_ptr<Inode> inode, bool first_of_pair = false);
  bool has_files(const std::string& directory) const;
  Status rename_directory(const std::string& from, const std::string& to);
  void lose_unsynced(Inode& inode);

  mutable std::mutex mutex_;
  std::mt19937_64 random_;
  Names names_;
  Names durable_names_;
  std::vector<NameChange> unsynced_names_;
  std::map<std::string, bool> directories_;
  std::map<std::string, std::uint64_t> locks_;  // path -> age of its holder
  std::uint64_t age_ = 0;                       // crashes so far: files of an earlier age are dead
  mutable std::uint64_t operations_ = 0;
  bool reads_count_ = false;
  std::optional<std::uint64_t> fail_at_;
  Errc fail_with_ = Errc::io;
  mutable bool failed_ = false;
  std::optional<std::uint64_t> capacity_;
};

}  // namespace meterhouse

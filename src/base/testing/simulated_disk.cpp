#include "base/testing/simulated_disk.h"

#include <algorithm>
#include <cstring>
#include <set>

namespace meterhouse {
namespace {

constexpr std::size_t kSector = 512;

std::string parent(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string{} : path.substr(0, slash);
}

bool is_below(const std::string& path, const std::string& directory) {
  return path.size() > directory.size() + 1 && path.starts_with(directory) && path[directory.size()] == '/';
}

Error dead() { return {Errc::io, "the simulated machine has crashed since"}; }

}  // namespace

class SimulatedFile final : public File {
 public:
  SimulatedFile(SimulatedDisk& disk, std::string path, std::shared_ptr<SimulatedDisk::Inode> inode)
      : disk_(disk), path_(std::move(path)), inode_(std::move(inode)), age_(disk.age_) {}

  Status read_at(std::uint64_t offset, std::span<std::byte> out) const override {
    const std::scoped_lock lock{disk_.mutex_};
    if (age_ != disk_.age_) return dead();
    if (auto done = disk_.step_of_read(); !done) return done;
    if (offset + out.size() > inode_->now.size())
      return Error{Errc::corruption,
                   fmt::format("{}: offset {}: the file ends at {}", path_, offset, inode_->now.size())};
    if (!out.empty()) std::memcpy(out.data(), inode_->now.data() + offset, out.size());
    return {};
  }

  Status write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
    const std::scoped_lock lock{disk_.mutex_};
    if (age_ != disk_.age_) return dead();
    if (auto done = disk_.step(); !done) {
      // A failing write may have been carried out in part.
      bytes = bytes.first(bytes.size() / 2);
      put(offset, bytes);
      return done;
    }
    const std::uint64_t size = inode_->now.size();
    if (disk_.capacity_ && offset + bytes.size() > size) {
      const std::uint64_t used = disk_.used();
      const std::uint64_t reach = size + (*disk_.capacity_ > used ? *disk_.capacity_ - used : 0);
      if (offset + bytes.size() > reach) {
        put(offset, bytes.first(reach > offset ? static_cast<std::size_t>(reach - offset) : 0));
        return Error{Errc::no_space, fmt::format("{}: the simulated disk is full", path_)};
      }
    }
    put(offset, bytes);
    return {};
  }

  Status sync() override {
    const std::scoped_lock lock{disk_.mutex_};
    if (age_ != disk_.age_) return dead();
    if (auto done = disk_.step(); !done) return done;
    inode_->durable = inode_->now;
    return {};
  }

  Result<std::uint64_t> size() const override {
    const std::scoped_lock lock{disk_.mutex_};
    if (age_ != disk_.age_) return dead();
    return inode_->now.size();
  }

  Status truncate(std::uint64_t size) override {
    const std::scoped_lock lock{disk_.mutex_};
    if (age_ != disk_.age_) return dead();
    if (auto done = disk_.step(); !done) return done;
    inode_->now.resize(size);
    return {};
  }

 private:
  void put(std::uint64_t offset, std::span<const std::byte> bytes) {
    if (bytes.empty()) return;
    if (inode_->now.size() < offset + bytes.size()) inode_->now.resize(offset + bytes.size());
    std::memcpy(inode_->now.data() + offset, bytes.data(), bytes.size());
  }

  SimulatedDisk& disk_;
  std::string path_;
  std::shared_ptr<SimulatedDisk::Inode> inode_;
  std::uint64_t age_;
};

class SimulatedLock final : public FileSystem::Lock {
 public:
  SimulatedLock(SimulatedDisk& disk, std::string path) : disk_(disk), path_(std::move(path)), age_(disk.age_) {}
  ~SimulatedLock() override {
    const std::scoped_lock lock{disk_.mutex_};
    if (age_ == disk_.age_) disk_.locks_.erase(path_);
  }

 private:
  SimulatedDisk& disk_;
  std::string path_;
  std::uint64_t age_;
};

void SimulatedDisk::fail_after(std::uint64_t count, Errc errc) {
  const std::scoped_lock lock{mutex_};
  fail_at_ = operations_ + count;
  fail_with_ = errc;
}

void SimulatedDisk::heal() {
  const std::scoped_lock lock{mutex_};
  fail_at_.reset();
}

void SimulatedDisk::set_capacity(std::uint64_t bytes) {
  const std::scoped_lock lock{mutex_};
  capacity_ = bytes;
}

std::uint64_t SimulatedDisk::used_bytes() const {
  const std::scoped_lock lock{mutex_};
  return used();
}

std::uint64_t SimulatedDisk::used() const {
  std::uint64_t bytes = 0;
  for (const auto& [path, inode] : names_) bytes += inode->now.size();
  return bytes;
}

bool SimulatedDisk::failed() const {
  const std::scoped_lock lock{mutex_};
  return failed_;
}

std::uint64_t SimulatedDisk::operations() const {
  const std::scoped_lock lock{mutex_};
  return operations_;
}

void SimulatedDisk::count_reads() {
  const std::scoped_lock lock{mutex_};
  reads_count_ = true;
}

Status SimulatedDisk::step_of_read() const { return reads_count_ ? step() : Status{}; }

Status SimulatedDisk::step() const {
  const std::uint64_t operation = operations_++;
  if (!fail_at_ || operation < *fail_at_) return {};
  failed_ = true;
  return Error{fail_with_, fmt::format("simulated failure of operation {}", operation)};
}

void SimulatedDisk::crash() {
  const std::scoped_lock lock{mutex_};
  ++age_;
  locks_.clear();
  fail_at_.reset();
  failed_ = false;
  // Names change in order: some first part of what was not synced is kept.
  std::size_t kept = unsynced_names_.empty() ? 0 : random_() % (unsynced_names_.size() + 1);
  while (kept > 0 && unsynced_names_[kept - 1].first_of_pair) --kept;
  for (std::size_t i = 0; i < kept; ++i) {
    const NameChange& change = unsynced_names_[i];
    if (change.inode)
      durable_names_[change.path] = change.inode;
    else
      durable_names_.erase(change.path);
  }
  unsynced_names_.clear();
  names_ = durable_names_;
  std::erase_if(directories_, [this](const auto& directory) { return !has_files(directory.first); });
  for (auto& [path, inode] : names_) lose_unsynced(*inode);
}

void SimulatedDisk::lose_unsynced(Inode& inode) {
  std::vector<std::byte> after = inode.durable;
  // Grown or cut back: the size of either moment may have been reached.
  if (inode.now.size() != after.size() && random_() % 2 == 0) after.resize(inode.now.size());
  for (std::size_t at = 0; at < after.size() && at < inode.now.size(); at += kSector) {
    const std::size_t size = std::min({kSector, after.size() - at, inode.now.size() - at});
    const bool differs = std::memcmp(after.data() + at, inode.now.data() + at, size) != 0;
    if (differs && random_() % 2 == 0) std::memcpy(after.data() + at, inode.now.data() + at, size);
  }
  inode.durable = after;
  inode.now = std::move(after);
}

std::vector<std::byte> SimulatedDisk::content(const std::string& path) const {
  const std::scoped_lock lock{mutex_};
  return names_.at(path)->now;
}

void SimulatedDisk::set_content(const std::string& path, std::vector<std::byte> bytes) {
  const std::scoped_lock lock{mutex_};
  auto& inode = names_[path];
  if (!inode) inode = std::make_shared<Inode>();
  inode->now = inode->durable = std::move(bytes);
  durable_names_[path] = inode;
}

std::vector<std::string> SimulatedDisk::paths() const {
  const std::scoped_lock lock{mutex_};
  std::vector<std::string> paths;
  for (const auto& [path, inode] : names_) paths.push_back(path);
  return paths;
}

void SimulatedDisk::change_name(const std::string& path, std::shared_ptr<Inode> inode, bool first_of_pair) {
  unsynced_names_.push_back({parent(path), path, inode, first_of_pair});
  if (inode)
    names_[path] = std::move(inode);
  else
    names_.erase(path);
}

bool SimulatedDisk::has_files(const std::string& directory) const {
  const auto found = names_.upper_bound(directory + "/");
  return found != names_.end() && is_below(found->first, directory);
}

// All files below move together: a crash keeps the old name or the new one.
Status SimulatedDisk::rename_directory(const std::string& from, const std::string& to) {
  if (auto done = step(); !done) return done;
  Names moved;
  for (const auto& [path, inode] : names_)
    if (is_below(path, from)) moved[path] = inode;
  std::size_t left = 2 * moved.size();
  const auto move = [&](const std::string& path, std::shared_ptr<Inode> inode) {
    change_name(path, std::move(inode), --left > 0);
    unsynced_names_.back().directory = parent(from);
  };
  for (const auto& [path, inode] : moved) {
    move(to + path.substr(from.size()), inode);
    move(path, nullptr);
  }
  std::map<std::string, bool> directories;
  for (const auto& [path, made] : directories_) {
    const bool moves = path == from || is_below(path, from);
    directories[moves ? to + path.substr(from.size()) : path] = made;
  }
  directories_ = std::move(directories);
  directories_[to] = true;
  return {};
}

Result<std::unique_ptr<File>> SimulatedDisk::open(const std::string& path, OpenMode mode) {
  const std::scoped_lock lock{mutex_};
  const auto found = names_.find(path);
  if (mode != OpenMode::create) {
    if (auto done = step_of_read(); !done) return done.error();
    if (found == names_.end()) return Error{Errc::not_found, fmt::format("{}: no such file", path)};
    return std::make_unique<SimulatedFile>(*this, path, found->second);
  }
  if (auto done = step(); !done) return done.error();
  auto inode = found != names_.end() ? found->second : std::make_shared<Inode>();
  inode->now.clear();
  if (found == names_.end()) change_name(path, inode);
  return std::make_unique<SimulatedFile>(*this, path, inode);
}

Status SimulatedDisk::rename(const std::string& from, const std::string& to) {
  const std::scoped_lock lock{mutex_};
  const auto found = names_.find(from);
  if (found == names_.end() && has_files(from)) return rename_directory(from, to);
  if (found == names_.end()) return Error{Errc::not_found, fmt::format("{}: no such file", from)};
  if (auto done = step(); !done) return done;
  const auto inode = found->second;
  change_name(to, inode, true);
  change_name(from, nullptr);
  return {};
}

Status SimulatedDisk::remove(const std::string& path) {
  const std::scoped_lock lock{mutex_};
  const auto below = directories_.lower_bound(path + "/");
  const bool has_directories = below != directories_.end() && is_below(below->first, path);
  if (has_files(path) || has_directories) return Error{Errc::io, fmt::format("{}: the directory is not empty", path)};
  if (!names_.contains(path) && !directories_.contains(path))
    return Error{Errc::not_found, fmt::format("{}: no such file", path)};
  if (auto done = step(); !done) return done;
  if (directories_.erase(path) == 1) return {};
  for (auto above = parent(path); !above.empty(); above = parent(above)) directories_[above] = true;  // stay, empty
  change_name(path, nullptr);
  return {};
}

Status SimulatedDisk::sync_directory(const std::string& path) {
  const std::scoped_lock lock{mutex_};
  if (auto done = step(); !done) return done;
  std::erase_if(unsynced_names_, [&](const NameChange& change) {
    if (change.directory != path) return false;
    if (change.inode)
      durable_names_[change.path] = change.inode;
    else
      durable_names_.erase(change.path);
    return true;
  });
  return {};
}

Status SimulatedDisk::create_directories(const std::string& path) {
  const std::scoped_lock lock{mutex_};
  directories_[path] = true;
  return {};
}

Result<std::vector<std::string>> SimulatedDisk::list(const std::string& directory) const {
  const std::scoped_lock lock{mutex_};
  if (auto done = step_of_read(); !done) return done.error();
  std::set<std::string> names;
  const auto add = [&](const std::string& path) {
    if (!is_below(path, directory)) return;
    const auto name = path.substr(directory.size() + 1);
    names.insert(name.substr(0, name.find('/')));
  };
  for (const auto& [path, inode] : names_) add(path);
  for (const auto& [path, made] : directories_) add(path);
  return std::vector<std::string>{names.begin(), names.end()};
}

Result<bool> SimulatedDisk::exists(const std::string& path) const {
  const std::scoped_lock lock{mutex_};
  return names_.contains(path) || directories_.contains(path) || has_files(path);
}

Result<std::unique_ptr<FileSystem::Lock>> SimulatedDisk::lock(const std::string& path) {
  const std::scoped_lock lock{mutex_};
  if (!locks_.emplace(path, age_).second)
    return Error{Errc::unavailable, fmt::format("{} is held by another process", path)};
  return std::make_unique<SimulatedLock>(*this, path);
}

}  // namespace meterhouse

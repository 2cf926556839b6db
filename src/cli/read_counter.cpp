#include "cli/read_counter.h"

namespace meterhouse::cli {

class ReadCounter::CountedFile final : public File {
 public:
  CountedFile(std::unique_ptr<File> file, ReadCounter& counter) : file_(std::move(file)), counter_(counter) {}

  Status read_at(std::uint64_t offset, std::span<std::byte> out) const override {
    auto read = file_->read_at(offset, out);
    if (read) counter_.on_read_(counter_.bytes_ += out.size());
    return read;
  }
  Status write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
    return file_->write_at(offset, bytes);
  }
  Status sync() override { return file_->sync(); }
  Result<std::uint64_t> size() const override { return file_->size(); }
  Status truncate(std::uint64_t size) override { return file_->truncate(size); }

 private:
  std::unique_ptr<File> file_;
  ReadCounter& counter_;
};

Result<std::unique_ptr<File>> ReadCounter::open(const std::string& path, OpenMode mode) {
  auto file = files_.open(path, mode);
  if (!file) return file.error();
  return std::make_unique<CountedFile>(std::move(*file), *this);
}

}  // namespace meterhouse::cli

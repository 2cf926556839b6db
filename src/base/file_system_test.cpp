#include "base/file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/temporary_directory.h"

namespace meterhouse {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span{text}); }

class PosixFileSystem : public testing::Test {
 protected:
  std::string path(std::string_view name) const { return fmt::format("{}/{}", directory_, name); }

  FileSystem& files_ = posix_file_system();
  const TemporaryDirectory own_;
  const std::string& directory_ = own_.path();
};

TEST_F(PosixFileSystem, ReadsWhatWasWrittenAtItsOffset) {
  const auto file = files_.open(path("a"), OpenMode::create);
  ASSERT_TRUE(file.has_value());
  ASSERT_TRUE((*file)->write_at(4, bytes_of("5678")));
  ASSERT_TRUE((*file)->write_at(0, bytes_of("1234")));
  ASSERT_TRUE((*file)->sync());
  EXPECT_EQ(*(*file)->size(), 8U);
  std::string middle(4, ' ');
  ASSERT_TRUE((*file)->read_at(2, std::as_writable_bytes(std::span{middle})));
  EXPECT_EQ(middle, "3456");
  ASSERT_TRUE((*file)->truncate(3));
  ASSERT_TRUE((*file)->sync());
  EXPECT_EQ(*read_file(files_, path("a")), "123");
}

TEST_F(PosixFileSystem, AReadPastTheEndIsCorruptionAndNamesThePlace) {
  const auto file = files_.open(path("short"), OpenMode::create);
  ASSERT_TRUE((*file)->write_at(0, bytes_of("12345678")));
  std::string out(8, ' ');
  const auto read = (*file)->read_at(4, std::as_writable_bytes(std::span{out}));
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, Errc::corruption);
  EXPECT_EQ(read.error().message,
            fmt::format("read {}: the file ends at 8, 8 bytes at offset 4 were wanted", path("short")));
}

TEST_F(PosixFileSystem, OpenModes) {
  EXPECT_EQ(files_.open(path("none"), OpenMode::read).error().code, Errc::not_found);
  EXPECT_EQ(files_.open(path("none"), OpenMode::read_write).error().code, Errc::not_found);
  ASSERT_TRUE(write_file_atomically(files_, path("a"), "old"));
  {
    const auto kept = files_.open(path("a"), OpenMode::read_write);
    ASSERT_TRUE((*kept)->write_at(3, bytes_of("er")));
  }
  EXPECT_EQ(*read_file(files_, path("a")), "older");
  const auto emptied = files_.open(path("a"), OpenMode::create);
  EXPECT_EQ(*(*emptied)->size(), 0U);
  const auto read_only = files_.open(path("a"), OpenMode::read);
  EXPECT_EQ((*read_only)->write_at(0, bytes_of("x")).error().code, Errc::io);
}

TEST_F(PosixFileSystem, WritingAtomicallyReplacesAndLeavesNothingAside) {
  ASSERT_TRUE(write_file_atomically(files_, path("a"), "old"));
  ASSERT_TRUE(write_file_atomically(files_, path("a"), ""));
  EXPECT_EQ(*read_file(files_, path("a")), "");
  ASSERT_TRUE(write_file_atomically(files_, path("a"), "new"));
  EXPECT_EQ(*read_file(files_, path("a")), "new");
  EXPECT_THAT(*files_.list(directory_), testing::ElementsAre("a"));
}

TEST_F(PosixFileSystem, ListsRenamesAndRemoves) {
  for (const char* name : {"c", "a", "b"}) ASSERT_TRUE(write_file_atomically(files_, path(name), name));
  EXPECT_THAT(*files_.list(directory_), testing::ElementsAre("a", "b", "c"));
  ASSERT_TRUE(files_.rename(path("c"), path("a")));
  EXPECT_EQ(*read_file(files_, path("a")), "c");
  ASSERT_TRUE(files_.remove(path("b")));
  EXPECT_EQ(files_.remove(path("b")).error().code, Errc::not_found);
  EXPECT_EQ(files_.rename(path("b"), path("d")).error().code, Errc::not_found);
  EXPECT_EQ(files_.list(path("none")).error().code, Errc::not_found);
  EXPECT_TRUE(*files_.exists(path("a")));
  EXPECT_FALSE(*files_.exists(path("b")));
  EXPECT_FALSE(*files_.exists(path("a/below a file")));
  EXPECT_TRUE(files_.sync_directory(directory_));
}

TEST_F(PosixFileSystem, CreatesDirectoriesAsDeepAsNeeded) {
  ASSERT_TRUE(files_.create_directories(path("x/y/z")));
  ASSERT_TRUE(files_.create_directories(path("x/y/z")));
  ASSERT_TRUE(files_.create_directories(path("x/y/w/")));
  EXPECT_THAT(*files_.list(path("x/y")), testing::ElementsAre("w", "z"));
  ASSERT_TRUE(write_file_atomically(files_, path("file"), ""));
  EXPECT_EQ(files_.create_directories(path("file")).error().code, Errc::io);
  EXPECT_EQ(files_.create_directories(path("file/below")).error().code, Errc::io);
}

TEST_F(PosixFileSystem, OnlyOneHoldsALock) {
  auto first = files_.lock(path("lock"));
  ASSERT_TRUE(first.has_value());
  const auto second = files_.lock(path("lock"));
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Errc::unavailable);
  first->reset();
  EXPECT_TRUE(files_.lock(path("lock")).has_value());
}

TEST(PosixFile, AFullDiskIsNoSpace) {
  if (!*posix_file_system().exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  const auto file = posix_file_system().open("/dev/full", OpenMode::read_write);
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ((*file)->write_at(0, bytes_of("x")).error().code, Errc::no_space);
}

}  // namespace
}  // namespace meterhouse

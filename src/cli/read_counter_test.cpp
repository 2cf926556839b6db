#include "cli/read_counter.h"

#include <gtest/gtest.h>

#include "base/testing/temporary_directory.h"
#include "store/contract/must.h"

namespace meterhouse::cli {
namespace {

TEST(ReadCounter, TellsWhatWasReadAndPassesTheRestOn) {
  const TemporaryDirectory directory;
  std::vector<std::uint64_t> told;
  ReadCounter files{posix_file_system(), [&](std::uint64_t bytes) { told.push_back(bytes); }};
  const std::string path = directory.path() + "/a/file";
  must(files.create_directories(directory.path() + "/a"));
  must(write_file_atomically(files, path, "seven b"));
  EXPECT_TRUE(told.empty());
  EXPECT_EQ(must(read_file(files, path)), "seven b");
  EXPECT_EQ(must(read_file(files, path)), "seven b");
  std::byte more[8];
  EXPECT_EQ(code_of(must(files.open(path, OpenMode::read))->read_at(0, more)), Errc::corruption);
  EXPECT_EQ(told, (std::vector<std::uint64_t>{7, 14}));
  EXPECT_EQ(files.bytes(), 14u);
  EXPECT_EQ(must(files.list(directory.path())), std::vector<std::string>{"a"});
  must(files.remove(path));
  EXPECT_FALSE(must(files.exists(path)));
}

}  // namespace
}  // namespace meterhouse::cli

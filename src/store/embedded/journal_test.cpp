#include "store/embedded/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/testing/simulated_disk.h"

namespace meterhouse {
namespace {

constexpr const char* kDirectory = "journal";
constexpr std::uint64_t kFileSize = 4096;

Journal::Options options() {
  Journal::Options options;
  options.directory = kDirectory;
  options.file_size = kFileSize;
  return options;
}

Status write(Journal& journal, std::string_view text) {
  std::vector<std::byte> frame(kFrameHeaderSize + text.size());
  std::memcpy(frame.data() + kFrameHeaderSize, text.data(), text.size());
  return journal.write(FrameKind::change, instant_from_epoch(1000), frame);
}

struct Replayed {
  std::vector<std::string> texts;
  Result<JournalScan> scan = JournalScan{};
};

Replayed scan(FileSystem& files, std::uint64_t first_file = 1, std::uint64_t first_sequence = 1) {
  Replayed replayed;
  replayed.scan =
      scan_journal(files, kDirectory, first_file, first_sequence,
                   [&](const FrameHeader&, std::span<const std::byte> payload, const std::string&) {
                     replayed.texts.emplace_back(reinterpret_cast<const char*>(payload.data()), payload.size());
                     return Status{};
                   });
  return replayed;
}

std::vector<std::string> write_some(SimulatedDisk& disk, int count) {
  auto journal = Journal::create(disk, options(), 1, 1);
  std::vector<std::string> texts;
  for (int i = 0; i < count; ++i) {
    texts.push_back(fmt::format("change {} {}", i, std::string(static_cast<std::size_t>(i * 13 % 200), 'x')));
    EXPECT_TRUE(write(**journal, texts.back()));
  }
  return texts;
}

TEST(Journal, EveryFrameIsReadBackOverManyFiles) {
  SimulatedDisk disk;
  const auto texts = write_some(disk, 100);
  disk.crash();
  const auto replayed = scan(disk);
  ASSERT_TRUE(replayed.scan) << replayed.scan.error().message;
  EXPECT_EQ(replayed.texts, texts);
  EXPECT_FALSE(replayed.scan->torn);
  EXPECT_GT(replayed.scan->last_file, 3u);
}

TEST(Journal, GoesOnWhereItStopped) {
  SimulatedDisk disk;
  auto texts = write_some(disk, 10);
  const auto before = scan(disk);
  {
    auto journal = Journal::resume(disk, options(), before.scan.value());
    ASSERT_TRUE(journal);
    texts.emplace_back("afterwards");
    ASSERT_TRUE(write(**journal, texts.back()));
  }
  EXPECT_EQ(scan(disk).texts, texts);
}

TEST(Journal, AFrameLargerThanAFileGetsAFileOfItsOwn) {
  SimulatedDisk disk;
  auto journal = Journal::create(disk, options(), 1, 1);
  const std::string large(3 * kFileSize, 'L');
  ASSERT_TRUE(write(**journal, "small"));
  ASSERT_TRUE(write(**journal, large));
  ASSERT_TRUE(write(**journal, "again"));
  EXPECT_EQ(scan(disk).texts, (std::vector<std::string>{"small", large, "again"}));
}

TEST(Journal, ATornLastFrameIsDroppedAndReportedAndTheLogGoesOn) {
  SimulatedDisk disk;
  auto texts = write_some(disk, 3);
  const std::string path = std::string{kDirectory} + "/" + journal_file_name(1);
  auto bytes = disk.content(path);
  const auto end = scan(disk).scan->end_offset;
  std::memcpy(bytes.data() + end + 100, "torn", 4);  // a later sector of the frame was written, its header was not
  disk.set_content(path, bytes);

  const auto torn = scan(disk);
  ASSERT_TRUE(torn.scan) << torn.scan.error().message;
  EXPECT_EQ(torn.texts, texts);
  ASSERT_TRUE(torn.scan->torn);
  EXPECT_EQ(torn.scan->torn->file, path);
  EXPECT_EQ(torn.scan->torn->offset, end);
  EXPECT_EQ(torn.scan->torn->length, 104u);

  auto journal = Journal::resume(disk, options(), *torn.scan);
  ASSERT_TRUE(journal);
  texts.emplace_back("next");
  ASSERT_TRUE(write(**journal, "next"));
  EXPECT_EQ(scan(disk).texts, texts);
  EXPECT_FALSE(scan(disk).scan->torn);
}

// Without a crash nothing is torn: each cut, and each flipped byte of a frame before the last, is damage, or changes
// nothing.
TEST(Journal, EveryCutIsCorruptionAndAFlipNeverLosesMoreThanTheReportedLastFrame) {
  SimulatedDisk disk;
  const auto texts = write_some(disk, 20);
  const auto files = scan(disk).scan->last_file;
  for (std::uint64_t id = 1; id <= files; ++id) {
    const std::string path = std::string{kDirectory} + "/" + journal_file_name(id);
    const auto whole = disk.content(path);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      disk.set_content(path, {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
      const auto cut = scan(disk);
      ASSERT_FALSE(cut.scan) << id << " cut at " << size;
      ASSERT_EQ(cut.scan.error().code, Errc::corruption) << cut.scan.error().message;
      ASSERT_THAT(cut.scan.error().message, testing::HasSubstr("offset"));
    }
    for (std::size_t at = 0; at < whole.size(); ++at) {
      auto bytes = whole;
      bytes[at] ^= std::byte{0x10};
      disk.set_content(path, bytes);
      const auto flipped = scan(disk);
      if (!flipped.scan) {
        ASSERT_EQ(flipped.scan.error().code, Errc::corruption) << flipped.scan.error().message;
        continue;
      }
      if (flipped.texts == texts) continue;  // among the zeros behind the end: reported as torn, nothing lost
      ASSERT_TRUE(flipped.scan->torn) << id << " flipped at " << at;
      ASSERT_EQ(flipped.texts.size() + 1, texts.size());
      ASSERT_TRUE(std::equal(flipped.texts.begin(), flipped.texts.end(), texts.begin()));
    }
    disk.set_content(path, whole);
  }
}

TEST(Journal, AMissingFileIsCorruption) {
  SimulatedDisk disk;
  write_some(disk, 100);
  const auto files = scan(disk).scan->last_file;
  ASSERT_GT(files, 2u);
  for (std::uint64_t id = 1; id <= files; ++id) {
    const std::string path = std::string{kDirectory} + "/" + journal_file_name(id);
    const auto whole = disk.content(path);
    ASSERT_TRUE(disk.remove(path));
    const auto replayed = scan(disk);
    ASSERT_FALSE(replayed.scan) << id;
    EXPECT_EQ(replayed.scan.error().code, Errc::corruption);
    disk.set_content(path, whole);
  }
}

TEST(Journal, AfterAFailedSyncNothingIsAcknowledgedAnyMore) {
  for (std::uint64_t fail_at = 0; fail_at < 4; ++fail_at) {
    SimulatedDisk disk;
    auto journal = Journal::create(disk, options(), 1, 1);
    ASSERT_TRUE(write(**journal, "kept"));
    disk.fail_after(fail_at);
    while (write(**journal, "unknown").has_value()) {
    }
    disk.heal();
    const auto after = write(**journal, "never");
    ASSERT_FALSE(after);
    EXPECT_EQ(after.error().code, Errc::unavailable);
  }
}

TEST(Journal, AFullDiskAtTheNextFileIsNoFailureOfTheJournal) {
  SimulatedDisk disk;
  auto journal = Journal::create(disk, options(), 1, 1);
  const std::string half(kFileSize / 3, 'h');
  ASSERT_TRUE(write(**journal, half));
  disk.fail_after(2, Errc::no_space);  // the second write and its sync still pass, making the next file fails
  ASSERT_TRUE(write(**journal, half));
  const auto full = write(**journal, half);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Errc::no_space);
  disk.heal();
  ASSERT_TRUE(write(**journal, half));
  EXPECT_EQ(scan(disk).texts.size(), 3u);
}

TEST(Journal, AFileThatDidNotFitLeavesTheDiskItsLastBytes) {
  SimulatedDisk disk;
  auto journal = Journal::create(disk, options(), 1, 1);
  ASSERT_TRUE(write(**journal, "kept"));
  const auto used = disk.used_bytes();
  disk.set_capacity(used + kFileSize / 2);
  const std::string half(kFileSize / 2, 'h');
  ASSERT_TRUE(write(**journal, half));  // begins the next file, which does not fit
  for (int again = 0; again < 2; ++again) {
    const auto full = write(**journal, half);
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, Errc::no_space);
    EXPECT_EQ(disk.used_bytes(), used) << "what was begun aside stays";
  }
  EXPECT_EQ(scan(disk).texts, (std::vector<std::string>{"kept", half}));
}

TEST(Journal, OnAFullDiskAFileIsEndedForASmallOne) {
  SimulatedDisk disk;
  auto large = options();
  large.file_size = 4 * kLeastJournalFileBytes;
  auto journal = Journal::create(disk, large, 1, 1);
  ASSERT_TRUE(write(**journal, "before"));
  const auto used = disk.used_bytes();
  disk.set_capacity(used + kLeastJournalFileBytes - 1);
  const auto full = (*journal)->begin_next_file();
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Errc::no_space);
  EXPECT_EQ(disk.used_bytes(), used);
  ASSERT_TRUE(write(**journal, "still in the first file"));

  disk.set_capacity(used + kLeastJournalFileBytes);
  const auto next = (*journal)->begin_next_file();
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_EQ(*next, 2u);
  ASSERT_TRUE(write(**journal, "after"));
  disk.crash();
  EXPECT_EQ(scan(disk).texts, (std::vector<std::string>{"before", "still in the first file", "after"}));
}

TEST(Journal, OnAFullDiskItBeginsWithASmallFile) {
  SimulatedDisk disk;
  auto large = options();
  large.file_size = 4 * kLeastJournalFileBytes;
  disk.set_capacity(kLeastJournalFileBytes - 1);
  const auto full = Journal::create(disk, large, 1, 1);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Errc::no_space);
  EXPECT_EQ(disk.used_bytes(), 0u);
  disk.set_capacity(2 * kLeastJournalFileBytes);
  auto journal = Journal::create(disk, large, 1, 1);
  ASSERT_TRUE(journal) << journal.error().message;
  ASSERT_TRUE(write(**journal, "kept"));
  disk.crash();
  EXPECT_EQ(scan(disk).texts, (std::vector<std::string>{"kept"}));
}

// Where the new file has taken the name of the one written to, going on in the old one would lose what is acknowledged.
TEST(Journal, AFileThatMayHaveBeenReplacedIsNotWrittenToAnyMore) {
  for (std::uint64_t round = 0;; ++round) {
    const std::uint64_t fail_at = round / 8;  // eight crashes of each kind
    SCOPED_TRACE(fail_at);
    SimulatedDisk disk{round};
    auto journal = Journal::create(disk, options(), 1, 1);
    disk.fail_after(fail_at, Errc::no_space);
    const std::string larger_than_a_file(2 * kFileSize, 'L');
    if (write(**journal, larger_than_a_file)) break;
    disk.heal();
    std::vector<std::string> acknowledged;
    if (write(**journal, "small")) acknowledged.emplace_back("small");
    disk.crash();
    const auto replayed = scan(disk);
    ASSERT_TRUE(replayed.scan) << replayed.scan.error().message;
    EXPECT_THAT(replayed.texts, testing::IsSupersetOf(acknowledged));
  }
}

}  // namespace
}  // namespace meterhouse

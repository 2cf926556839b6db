#include "store/embedded/segment.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/property_test.h"
#include "base/testing/simulated_disk.h"
#include "store/embedded/test_segments.h"

namespace meterhouse {
namespace {

using samples::Content;
using samples::household;
using samples::households;
using samples::key_of;
using samples::kHalfHour;
using samples::kMonthEnd;
using samples::kSampleStart;
using samples::kSegmentPath;
using samples::write_segment;

class SegmentTest : public ::testing::Test {
 protected:
  SegmentTest() { EXPECT_TRUE(files_.create_directories("/data")); }

  std::shared_ptr<const Segment> made_of(const Content& content) {
    const auto written = write_segment(files_, kSegmentPath, content);
    EXPECT_TRUE(written) << written.error().message;
    auto segment = Segment::open(files_, kSegmentPath);
    EXPECT_TRUE(segment) << segment.error().message;
    EXPECT_EQ((*segment)->info(), *written);
    return *segment;
  }

  SimulatedDisk files_;
};

Content walk(const std::shared_ptr<const Segment>& segment, KeyRange keys, std::size_t read_ahead) {
  Content content;
  SegmentCursor cursor{segment, keys, read_ahead};
  Series series;
  for (;;) {
    const auto more = cursor.next();
    EXPECT_TRUE(more) << more.error().message;
    if (!more || !*more) return content;
    EXPECT_TRUE(cursor.decode(series));
    EXPECT_EQ(cursor.summary().count, series.size());
    EXPECT_TRUE(content.emplace(cursor.summary().key, series).second);
  }
}

TEST_F(SegmentTest, GivesBackWhatWasWritten) {
  struct Case {
    const char* name;
    Content content;
  };
  for (const Case& c :
       {Case{"empty", {}}, Case{"one meter", households(1, 48)}, Case{"many days", households(500, 48)},
        Case{"months over many groups", households(60, 1'488)}, Case{"single readings", households(3'000, 1)}}) {
    SCOPED_TRACE(c.name);
    const auto segment = made_of(c.content);
    Series series = household(5);
    for (const auto& [key, expected] : c.content) {
      ASSERT_TRUE(segment->read(key, {}, series));
      EXPECT_EQ(series, expected);
      const auto summary = segment->summary(key);
      ASSERT_TRUE(summary && *summary);
      EXPECT_EQ((*summary)->last_register, expected.registers.back());
    }
    for (const std::size_t read_ahead : {1u, 5'000u, 1u << 20}) EXPECT_EQ(walk(segment, {}, read_ahead), c.content);
  }
}

TEST_F(SegmentTest, TellsWhatItHolds) {
  const auto info = made_of(households(7, 100))->info();
  EXPECT_EQ(info.start, kSampleStart);
  EXPECT_EQ(info.end, kMonthEnd);
  EXPECT_EQ(info.first_fold, 3u);
  EXPECT_EQ(info.last_fold, 5u);
  EXPECT_EQ(info.blocks, 7u);
  EXPECT_EQ(info.readings, 700u);
  EXPECT_EQ(info.oldest, kSampleStart + kHalfHour);
  EXPECT_EQ(info.newest, kSampleStart + 100 * kHalfHour);
  EXPECT_EQ(info.size_bytes, files_.content(kSegmentPath).size());
}

TEST_F(SegmentTest, HasNothingOfAMeterItDoesNotHold) {
  const auto segment = made_of(households(50, 200));
  for (const auto key : {key_of(0), key_of(99'999'999), key_of(100'000'001), key_of(100'000'000, Channel::export_),
                         key_of(100'000'073), key_of(MeterId::kMax)}) {
    Series series = household(5);
    ASSERT_TRUE(segment->read(key, {}, series));
    EXPECT_TRUE(series.empty());
    EXPECT_FALSE(*segment->summary(key));
  }
}

TEST_F(SegmentTest, ReadsARangeWithBothItsEnds) {
  const auto segment = made_of(households(9, 1'488));
  const Series whole = household(1'488, 2);
  const auto at = [](int index) { return kSampleStart + kHalfHour * index; };  // of the index-th reading, from 1
  struct Case {
    const char* name;
    ReadRange range;
    std::size_t from;
    std::size_t count;
  };
  for (const Case& c : {
           Case{"a day", {at(48), at(96)}, 47, 49},
           Case{"between readings", {at(48) + Seconds{1}, at(49) - Seconds{1}}, 48, 0},
           Case{"one instant", {at(7), at(7)}, 6, 1},
           Case{"from the start", {kFirstInstant, at(3)}, 0, 3},
           Case{"to the end", {at(1'487), kLastInstant}, 1'486, 2},
           Case{"before all", {kFirstInstant, kSampleStart}, 0, 0},
           Case{"after all", {kMonthEnd + Seconds{1}, kLastInstant}, 0, 0},
           Case{"backwards", {at(9), at(8)}, 0, 0},
       }) {
    SCOPED_TRACE(c.name);
    Series expected;
    for (auto i = c.from; i < c.from + c.count; ++i) expected.push_back(whole.at[i], whole.registers[i]);
    Series series;
    ASSERT_TRUE(segment->read(key_of(100'000'003), c.range, series));
    EXPECT_EQ(series, expected);
  }
}

TEST_F(SegmentTest, WalksAKeyRange) {
  const auto content = households(300, 100);
  const auto segment = made_of(content);
  struct Case {
    const char* name;
    std::uint32_t first;
    std::uint32_t last;
  };
  for (const Case& c :
       {Case{"all", 0, 0xFFFFFFFF}, Case{"one", key_of(100'000'300).packed(), key_of(100'000'300).packed()},
        Case{"a stretch", key_of(100'000'100).packed(), key_of(100'000'500).packed()}, Case{"before all", 0, 17},
        Case{"behind all", key_of(500'000'000).packed(), 0xFFFFFFFF},
        Case{"between two", key_of(100'000'301).packed(), key_of(100'000'302).packed()},
        Case{"backwards", 0xFFFFFFFF, 0}}) {
    SCOPED_TRACE(c.name);
    Content expected;
    for (const auto& [key, series] : content)
      if (key.packed() >= c.first && key.packed() <= c.last) expected.emplace(key, series);
    for (const std::size_t read_ahead : {1u, 3'000u, 1u << 20})
      EXPECT_EQ(walk(segment, {c.first, c.last}, read_ahead), expected);
  }
}

TEST_F(SegmentTest, BlocksAreCopiedAsTheyAre) {
  const auto content = households(40, 300);
  const auto segment = made_of(content);
  const std::string copy = "/data/copy.segment";
  auto writer =
      SegmentWriter::create(files_, copy, {.start = kSampleStart, .end = kMonthEnd, .first_fold = 3, .last_fold = 5});
  ASSERT_TRUE(writer);
  SegmentCursor cursor{segment};
  while (cursor.next().value()) {
    const auto block = cursor.encoded();
    ASSERT_TRUE(block);
    ASSERT_TRUE(writer->add_encoded(*block));
  }
  ASSERT_TRUE(writer->finish());
  EXPECT_EQ(files_.content(copy), files_.content(kSegmentPath));
}

TEST_F(SegmentTest, ForeignBlocksAreRefused) {
  auto writer = SegmentWriter::create(files_, kSegmentPath, {.start = kSampleStart, .end = kMonthEnd});
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->add(key_of(5), household(3)));
  auto cut = encode_block(key_of(6), household(3));
  cut.pop_back();
  for (const auto& block : {encode_block(key_of(5), household(3)), encode_block(key_of(6), household(1'489)), cut, {}})
    EXPECT_EQ(writer->add_encoded(block).error().code, Errc::corruption);
}

TEST_F(SegmentTest, StandsAsideUntilItIsFinished) {
  {
    auto writer = SegmentWriter::create(files_, kSegmentPath, {.start = kSampleStart, .end = kMonthEnd});
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->add(key_of(5), household(3)));
    EXPECT_FALSE(*files_.exists(kSegmentPath));
  }
  EXPECT_TRUE(files_.list("/data")->empty());
  EXPECT_EQ(Segment::open(files_, kSegmentPath).error().code, Errc::not_found);
}

TEST_F(SegmentTest, FailureOfEveryOperationLeavesTheOldOrTheNew) {
  const auto old_content = households(3, 48);
  const auto new_content = households(900, 1'488);  // more than one piece of 1 MiB
  for (std::uint64_t fail_at = 0;; ++fail_at) {
    SCOPED_TRACE(fail_at);
    SimulatedDisk disk{fail_at};
    ASSERT_TRUE(disk.create_directories("/data"));
    ASSERT_TRUE(write_segment(disk, kSegmentPath, old_content));
    disk.fail_after(fail_at);
    const auto written = write_segment(disk, kSegmentPath, new_content);
    const bool failed = disk.failed();
    EXPECT_EQ(written.has_value(), !failed);
    disk.crash();
    const auto segment = Segment::open(disk, kSegmentPath);
    ASSERT_TRUE(segment) << segment.error().message;
    const auto content = walk(*segment, {}, 1 << 20);
    EXPECT_TRUE(content == new_content || (failed && content == old_content));
    if (!failed) break;
  }
}

TEST_F(SegmentTest, ManyThreadsRead) {
  const auto content = households(100, 200);
  const auto segment = made_of(content);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      Series series;
      for (const auto& [key, expected] : content) {
        EXPECT_TRUE(segment->read(key, {}, series));
        EXPECT_EQ(series, expected);
      }
      EXPECT_EQ(walk(segment, {}, 10'000), content);
    });
  for (auto& thread : threads) thread.join();
}

RC_GTEST_PROP(SegmentProperty, AnyKeysAnyLengths, ()) {
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  const auto meters = *rc::gen::inRange(0, 80);
  samples::SampleNumbers random{seed};
  Content content;
  for (int i = 0; i < meters; ++i)
    content.emplace(
        key_of(static_cast<std::uint32_t>(random.below(1'000'000'000)),
               random.below(2) == 0 ? Channel::import_ : Channel::export_),
        household(static_cast<std::size_t>(1 + random.below(random.below(2) == 0 ? 4 : 1'488)), random.next()));
  SimulatedDisk files;
  RC_ASSERT(files.create_directories("/data").has_value());
  RC_ASSERT(write_segment(files, kSegmentPath, content).has_value());
  const auto segment = Segment::open(files, kSegmentPath);
  RC_ASSERT(segment.has_value());
  RC_ASSERT(walk(*segment, {}, 4'096) == content);
  Series series;
  for (const auto& [key, expected] : content) {
    RC_ASSERT((*segment)->read(key, {}, series).has_value());
    RC_ASSERT(series == expected);
  }
}

}  // namespace
}  // namespace meterhouse

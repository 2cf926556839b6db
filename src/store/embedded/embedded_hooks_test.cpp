#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "base/testing/simulated_disk.h"
#include "store/contract/must.h"
#include "store/embedded/embedded_store.h"

// What a store tells those around it: days that a fold changes, frames as they are written.

namespace meterhouse {
namespace {

using namespace date::literals;  // NOLINT(google-build-using-namespace): for the dates' own suffixes
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Instant kMidnight = instant_from_epoch(1'740'067'200);  // 2025-02-21 00:00 in Singapore
constexpr std::chrono::hours kDay{24};

Reading reading(Instant at) {
  return {SeriesKey{MeterId::from_number(100'000'001), Channel::import_}, at, MilliWattHours{1}};
}

EmbeddedOptions options() {
  EmbeddedOptions options{.directory = "data", .calendar = SiteCalendar::of("Asia/Singapore").value()};
  options.journal_file_bytes = 2'048;
  options.threads = StoreThreads::none;
  return options;
}

struct Fold {
  std::vector<date::year_month_day> days;
  std::uint64_t sequence = 0;
};

TEST(EmbeddedHooks, AFoldTellsTheDaysItChangesBeforeTheManifestNamesItsSegments) {
  SimulatedDisk disk;
  const ManualClock clock{kMidnight + kDay};
  std::vector<Fold> folds;
  EmbeddedOptions hooked = options();
  std::vector<std::byte> manifest;
  hooked.on_fold = [&](const FoldedDays& told, std::uint64_t sequence) -> Status {
    EXPECT_EQ(disk.content("data/MANIFEST"), manifest);
    Fold& fold = folds.emplace_back();
    for (const date::local_days day : told.touched) fold.days.emplace_back(day);
    fold.sequence = sequence;
    return {};
  };
  const auto store = must(EmbeddedReadingStore::open(disk, clock, std::move(hooked)));
  const auto fold = [&](const std::vector<Reading>& batch) {
    if (!batch.empty()) must(store->append_and_wait(batch));
    const std::uint64_t acknowledged = store->stats().sequence;
    manifest = disk.content("data/MANIFEST");
    folds.clear();
    must(store->fold());
    EXPECT_TRUE(folds.empty() || folds.back().sequence >= acknowledged);
  };

  fold({reading(kMidnight), reading(kMidnight + std::chrono::hours{12})});
  ASSERT_EQ(folds.size(), 1U);
  EXPECT_THAT(folds[0].days, ElementsAre(2025_y / 2 / 20, 2025_y / 2 / 21));

  fold({});  // nothing new
  EXPECT_TRUE(folds.empty());

  fold({reading(kMidnight),
        reading(kMidnight - kDay * 60 + Seconds{1})});  // a duplicate changes nothing, a late one does
  ASSERT_EQ(folds.size(), 1U);
  EXPECT_THAT(folds[0].days, ElementsAre(2024_y / 12 / 23));

  fold({reading(kMidnight + kDay * 8), reading(kMidnight + kDay * 7 + Seconds{60}), reading(kMidnight + kDay)});
  ASSERT_EQ(folds.size(), 1U);  // over the end of the month
  EXPECT_THAT(folds[0].days, ElementsAre(2025_y / 2 / 21, 2025_y / 2 / 22, 2025_y / 2 / 28, 2025_y / 3 / 1));
}

// What lies between a reading and its neighbours is spread another way now, on whichever days that is.
TEST(EmbeddedHooks, AFoldTellsTheGapsThatItsReadingsEndOrDivide) {
  using Range = std::pair<date::year_month_day, date::year_month_day>;
  SimulatedDisk disk;
  const ManualClock clock{kMidnight + kDay};
  std::vector<Range> between;
  EmbeddedOptions hooked = options();
  hooked.snap = Seconds{120};
  hooked.on_fold = [&](const FoldedDays& told, std::uint64_t) -> Status {
    for (const auto& range : told.between) between.emplace_back(range.first, range.last);
    return {};
  };
  auto store = must(EmbeddedReadingStore::open(disk, clock, hooked));
  const auto fold = [&](const std::vector<Reading>& batch) {
    between.clear();
    must(store->append_and_wait(batch));
    must(store->fold());
    return between;
  };
  const Instant noon = kMidnight + std::chrono::hours{12};
  EXPECT_THAT(fold({reading(noon)}), IsEmpty());  // the first of all: 2025-02-21
  EXPECT_THAT(fold({reading(noon + kDay * 5)}), ElementsAre(Range{2025_y / 2 / 21, 2025_y / 2 / 26}));
  store.reset();  // what it knew of the channels is gone
  store = must(EmbeddedReadingStore::open(disk, clock, hooked));
  EXPECT_THAT(fold({reading(noon + kDay * 3)}),
              ElementsAre(Range{2025_y / 2 / 21, 2025_y / 2 / 26}));  // late: divides it
  EXPECT_THAT(fold({reading(noon + kDay), reading(noon + kDay * 2)}),
              ElementsAre(Range{2025_y / 2 / 21, 2025_y / 2 / 24}));
  EXPECT_THAT(fold({reading(kMidnight + kDay * 5), reading(kMidnight + kDay * 6 - Seconds{30})}),
              ElementsAre(Range{2025_y / 2 / 24, 2025_y / 2 / 25}));
  // In order of time, from one end of the day to the other: no gap.
  EXPECT_THAT(fold({reading(kMidnight + kDay * 6 + Seconds{1'800}), reading(kMidnight + kDay * 7)}), IsEmpty());
}

TEST(EmbeddedHooks, WhereTheDaysCannotBeToldTheFoldIsTriedAgain) {
  SimulatedDisk disk;
  const ManualClock clock{kMidnight};
  int left_to_fail = 2;
  std::vector<std::size_t> told;
  EmbeddedOptions hooked = options();
  hooked.on_fold = [&](const FoldedDays& days, std::uint64_t) -> Status {
    if (left_to_fail-- > 0) return Error{Errc::no_space, "the catalog is full"};
    told.push_back(days.touched.size());
    return {};
  };
  auto store = must(EmbeddedReadingStore::open(disk, clock, hooked));
  must(store->append_and_wait({reading(kMidnight)}));
  EXPECT_EQ(code_of(store->fold()), Errc::no_space);
  EXPECT_EQ(store->stats().segments, 0U);
  EXPECT_EQ(must(store->read(reading(kMidnight).key(), {}, Neighbours::without)).size(), 1U);
  store.reset();
  disk.crash();  // what was not told is told by the fold after the replay
  store = must(EmbeddedReadingStore::open(disk, clock, hooked));
  EXPECT_EQ(code_of(store->fold()), Errc::no_space);
  must(store->append_and_wait({reading(kMidnight + Seconds{1'800})}));
  must(store->fold());
  must(store->close());
  EXPECT_THAT(told, ElementsAre(2U, 1U));
}

// Whoever was refused need not ask again and again for the fold to be tried again.
TEST(EmbeddedHooks, AFoldThatFailedIsMadeUpForWithoutACaller) {
  SimulatedDisk disk;
  const ManualClock clock{kMidnight};
  std::atomic<bool> full = true;
  std::atomic<int> told = 0;
  EmbeddedOptions hooked = options();
  hooked.threads = StoreThreads::own;
  hooked.head_budget_bytes = 1;
  hooked.on_fold = [&](const FoldedDays&, std::uint64_t) {
    return full ? Status{Error{Errc::no_space, "the catalog is full"}} : Status{};
  };
  hooked.on_background_error = [&](const Error&) { ++told; };
  const auto store = must(EmbeddedReadingStore::open(disk, clock, std::move(hooked)));
  Instant at = kMidnight;
  const auto append = [&] { return store->append_and_wait({reading(at += Seconds{60})}); };
  while (append()) {
  }
  EXPECT_EQ(code_of(append()), Errc::no_space);
  full = false;
  while (store->stats().folds == 0) std::this_thread::yield();
  EXPECT_TRUE(append()) << "there is room again";
  EXPECT_EQ(told, 1);
}

// What was told of frames, once each.
class ToldFrames {
 public:
  Status tell(FrameStream stream, const FrameHeader& header, std::span<const std::byte> frame) {
    const auto decoded = decode_frame(frame);
    EXPECT_TRUE(decoded && decoded->sequence == header.sequence && frame.size() == frame_size(header.payload_size));
    auto& frames = streams_[stream];
    const std::vector<std::byte> bytes{frame.begin(), frame.end()};
    if (header.sequence <= frames.size()) {  // told before
      EXPECT_EQ(frames[header.sequence - 1], bytes);
      return {};
    }
    EXPECT_EQ(header.sequence, frames.size() + 1);
    frames.push_back(bytes);
    return {};
  }

  std::vector<Reading> readings(FrameStream stream) {
    std::vector<Reading> all;
    for (const auto& frame : streams_[stream]) {
      const FrameHeader header = decode_frame(frame).value();
      if (header.kind != FrameKind::readings) continue;
      const auto batch = must(readings_in(std::span{frame}.subspan(kFrameHeaderSize, header.payload_size)));
      all.insert(all.end(), batch.begin(), batch.end());
    }
    return all;
  }
  std::size_t frames(FrameStream stream) { return streams_[stream].size(); }

 private:
  std::map<FrameStream, std::vector<std::vector<std::byte>>> streams_;
};

TEST(EmbeddedHooks, EveryAcknowledgedFrameIsTold) {
  SimulatedDisk disk;
  const ManualClock clock{kMidnight + kDay};
  ToldFrames told;
  EmbeddedOptions hooked = options();
  hooked.on_frame = [&](FrameStream stream, const FrameHeader& header, std::span<const std::byte> frame) {
    return told.tell(stream, header, frame);
  };
  auto store = must(EmbeddedReadingStore::open(disk, clock, hooked));
  std::vector<Reading> acknowledged;
  std::vector<Reading> pending;
  std::size_t released = 0;  // of those pending
  std::int64_t next = 0;
  const auto append = [&](std::size_t count) {
    std::vector<Reading> batch;
    for (std::size_t i = 0; i < count; ++i) batch.push_back(reading(kMidnight + Seconds{next++}));
    auto& into = must(store->append_and_wait(batch)).pending > 0 ? pending : acknowledged;
    into.insert(into.end(), batch.begin(), batch.end());
  };
  const auto release = [&] {
    must(store->release(nullptr));
    acknowledged.insert(acknowledged.end(), pending.begin() + static_cast<std::ptrdiff_t>(released), pending.end());
    released = pending.size();
  };
  for (int i = 0; i < 30; ++i) append(10);  // over several files
  must(store->fold());
  store->record_change("change", [](const Status& done) { must(done); });
  append(3);
  must(store->hold());
  for (int i = 0; i < 30; ++i) append(10);
  store.reset();
  disk.crash();
  store = must(EmbeddedReadingStore::open(disk, clock, hooked));
  append(5);
  release();
  append(7);
  must(store->close());
  EXPECT_EQ(told.readings(FrameStream::readings), acknowledged);
  EXPECT_EQ(told.readings(FrameStream::pending), pending);
}

TEST(EmbeddedHooks, FramesThatNobodyHeardOfAreToldAtTheNextOpen) {
  SimulatedDisk disk;
  const ManualClock clock{kMidnight};
  {
    const auto store = must(EmbeddedReadingStore::open(disk, clock, options()));  // nobody listens
    for (int i = 0; i < 40; ++i) must(store->append_and_wait({reading(kMidnight + Seconds{i})}));
    must(store->hold());
    for (int i = 40; i < 80; ++i) must(store->append_and_wait({reading(kMidnight + Seconds{i})}));
  }
  disk.crash();
  ToldFrames told;
  EmbeddedOptions hooked = options();
  hooked.on_frame = [&](FrameStream stream, const FrameHeader& header, std::span<const std::byte> frame) {
    return told.tell(stream, header, frame);
  };
  const auto store = must(EmbeddedReadingStore::open(disk, clock, hooked));
  EXPECT_EQ(told.readings(FrameStream::readings).size(), 40U);
  EXPECT_EQ(told.readings(FrameStream::pending).size(), 40U);
  EXPECT_EQ(told.frames(FrameStream::readings), store->stats().sequence);
}

TEST(EmbeddedHooks, WhoCannotTakeAFrameFailsNoAppend) {
  SimulatedDisk disk;
  const ManualClock clock{kMidnight};
  int errors = 0;
  EmbeddedOptions hooked = options();
  hooked.on_frame = [](FrameStream, const FrameHeader&, std::span<const std::byte>) {
    return Status{Error{Errc::no_space, "no room for the copy"}};
  };
  hooked.on_background_error = [&](const Error& error) { errors += error.code == Errc::no_space ? 1 : 0; };
  const auto store = must(EmbeddedReadingStore::open(disk, clock, hooked));
  EXPECT_EQ(must(store->append_and_wait({reading(kMidnight)})).accepted, 1U);
  EXPECT_EQ(errors, 1);
}

TEST(EmbeddedHooks, FramesAreLetGoOfOnlyAfterTheirTakerWasAsked) {
  SimulatedDisk disk;
  const ManualClock clock{kMidnight + kDay};
  EmbeddedOptions hooked = options();
  std::vector<std::byte> manifest;
  std::vector<std::pair<FrameStream, std::uint64_t>> asked;
  hooked.before_letting_go = [&](FrameStream stream, std::uint64_t sequence) {
    EXPECT_EQ(disk.content("data/MANIFEST"), manifest);
    asked.emplace_back(stream, sequence);
  };
  const auto store = must(EmbeddedReadingStore::open(disk, clock, std::move(hooked)));
  must(store->append_and_wait({reading(kMidnight)}));
  manifest = disk.content("data/MANIFEST");
  must(store->fold());
  EXPECT_THAT(asked, ElementsAre(std::pair{FrameStream::readings, store->stats().sequence}));

  asked.clear();
  must(store->hold());
  must(store->append_and_wait({reading(kMidnight + kDay)}));
  manifest = disk.content("data/MANIFEST");
  must(store->release(nullptr));
  EXPECT_THAT(asked, ElementsAre(std::pair{FrameStream::pending, std::uint64_t{1}}));
}

}  // namespace
}  // namespace meterhouse

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/testing/simulated_disk.h"
#include "store/embedded/embedded_store.h"
#include "store/embedded/verify.h"

// A whole small store, every file of it cut at every length and flipped at every byte: what it answers afterwards is
// the old data or `corruption`, or, after a crash alone, all but the one torn last frame, which opening and verifying
// report.

namespace meterhouse {
namespace {

constexpr Instant kContractNow = instant_from_epoch(1'740'052'800);  // 2025-02-20 12:00 UTC
constexpr Instant kStart = instant_from_epoch(1'738'330'000);  // shortly before the end of January 2025 in Singapore

using Answer = std::map<std::pair<std::uint32_t, Instant>, MilliWattHours>;

Result<std::unique_ptr<EmbeddedReadingStore>> open(SimulatedDisk& disk, ManualClock& clock) {
  EmbeddedOptions options{.directory = "data", .calendar = SiteCalendar::of("Asia/Singapore").value()};
  options.journal_file_bytes = 2048;
  options.threads = StoreThreads::none;
  return EmbeddedReadingStore::open(disk, clock, std::move(options));
}

SeriesKey key_of(std::uint32_t number) { return {MeterId::from_number(100'000'000 + number), Channel::import_}; }

Result<Answer> read_all(const EmbeddedReadingStore& store) {
  Answer answer;
  auto done = store.scan({}, {}, [&](SeriesKey key, const SeriesView& series) {
    for (std::size_t i = 0; i < series.size(); ++i)
      answer.emplace(std::pair{key.packed(), series.at[i]}, series.registers[i]);
    return Status{};
  });
  if (!done) return done.error();
  // Point reads go another way to the same bytes.
  for (std::uint32_t meter = 0; meter < 3; ++meter) {
    const auto series = store.read(key_of(meter), {}, Neighbours::with);
    if (!series) return series.error();
    for (std::size_t i = 0; i < series->size(); ++i)
      EXPECT_EQ(answer.at({key_of(meter).packed(), series->at[i]}), series->registers[i]);
  }
  return answer;
}

enum class End : std::uint8_t { closed, crashed, held_closed, held_crashed };

bool is_held(End end) { return end == End::held_closed || end == End::held_crashed; }
bool is_crashed(End end) { return end == End::crashed || end == End::held_crashed; }

// What it answers once everything pending is released.
Result<Answer> release_and_read(EmbeddedReadingStore& store) {
  if (const auto released = store.release(nullptr); !released) return released.error();
  return read_all(store);
}

// Two months in segments of several folds, and three batches more: folded too where it was closed, in the journal where
// it crashed, pending where it is held.
class SmallStore {
 public:
  explicit SmallStore(End end) : end_(end) {
    auto store = open(disk_, clock_).value();
    for (int batch = 0; batch < 9; ++batch) {
      std::vector<Reading> readings;
      for (int i = 0; i < 12; ++i)
        readings.emplace_back(key_of(static_cast<std::uint32_t>(i % 3)), kStart + Seconds{1800} * (batch * 4 + i / 3),
                              MilliWattHours{(batch * 4 + i / 3) * 120'000 + i});
      EXPECT_TRUE(store->append_and_wait(readings));
      for (const Reading& reading : readings) add(whole_, reading);
      if (batch < 8) before_last_ = whole_;
      const bool fold = batch % 3 == 2 && batch < 8;
      EXPECT_TRUE(!fold || store->fold());
      EXPECT_TRUE(batch != 5 || !is_held(end) || store->hold());
    }
    EXPECT_TRUE(is_crashed(end) || store->close());
    store.reset();
    disk_.crash();
  }

  void damage_every_file() {
    for (const std::string& path : disk_.paths()) {
      if (path == "data/LOCK") continue;
      SCOPED_TRACE(path);
      const auto bytes = disk_.content(path);
      for (std::size_t size = 0; size < bytes.size(); ++size) {
        damaged_ = fmt::format("cut at {}", size);
        check(path, {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)});
      }
      for (std::size_t at = 0; at < bytes.size(); ++at) {
        auto flipped = bytes;
        flipped[at] ^= std::byte{static_cast<unsigned char>(1U << (at % 8))};
        damaged_ = fmt::format("flipped at {}", at);
        check(path, flipped);
      }
      if (testing::Test::HasFailure()) return;
    }
  }

  void remove_every_file() {
    for (const std::string& path : disk_.paths()) {
      if (path == "data/LOCK") continue;
      SCOPED_TRACE(path);
      SimulatedDisk disk;
      copy_to(disk, path, nullptr);
      const auto store = open(disk, clock_);
      ASSERT_FALSE(store);
      EXPECT_EQ(store.error().code, Errc::corruption) << store.error().message;
      EXPECT_THAT(store.error().message, testing::HasSubstr("missing"));
      const auto report = verify_store(disk, "data");
      EXPECT_FALSE(report && report->sound());
    }
  }

 private:
  static void add(Answer& answer, const Reading& reading) {
    answer.emplace(std::pair{reading.key().packed(), reading.at()}, reading.register_value());
  }

  void check(const std::string& path, const std::vector<std::byte>& bytes) {
    SimulatedDisk disk;
    copy_to(disk, path, &bytes);
    const auto report = verify_store(disk, "data");
    ASSERT_TRUE(report) << damaged_ << ": " << report.error().message;
    for (const std::string& damage : report->damages) {
      ASSERT_THAT(damage, testing::HasSubstr("data/")) << damaged_;
      ASSERT_THAT(damage, testing::AnyOf(testing::HasSubstr("offset"), testing::HasSubstr("missing"),
                                         testing::HasSubstr("cut")))
          << damaged_;
    }
    auto store = open(disk, clock_);
    const auto answer = store ? release_and_read(**store) : Result<Answer>{store.error()};
    if (!answer) {
      ASSERT_EQ(answer.error().code, Errc::corruption) << damaged_ << ": " << answer.error().message;
      ASSERT_FALSE(report->sound()) << damaged_ << ": verify did not find it: " << answer.error().message;
      return;
    }
    if (*answer == whole_) return;
    ASSERT_TRUE(is_crashed(end_)) << damaged_ << ": a shorter or wrong answer";
    ASSERT_EQ(*answer, before_last_) << damaged_;
    const OpenReport& opened = (*store)->open_report();
    ASSERT_TRUE(is_held(end_) ? opened.pending_torn : opened.torn) << damaged_;
    const auto& torn = is_held(end_) ? report->pending_torn : report->torn;
    ASSERT_TRUE(torn) << damaged_;
    ASSERT_EQ(torn->file, path);
  }

  // The whole disk but for one file: other bytes, or none.
  void copy_to(SimulatedDisk& disk, const std::string& path, const std::vector<std::byte>* bytes) const {
    for (const std::string& other : disk_.paths())
      if (other != path) disk.set_content(other, disk_.content(other));
    if (bytes != nullptr) disk.set_content(path, *bytes);
  }

  End end_;
  SimulatedDisk disk_;
  ManualClock clock_{kStart};
  Answer whole_;
  Answer before_last_;
  std::string damaged_;
};

TEST(EmbeddedDamage, AfterACleanEndNoCutAndNoFlipChangesAnAnswer) { SmallStore{End::closed}.damage_every_file(); }

TEST(EmbeddedDamage, AfterACrashAtMostTheReportedTornFrameIsMissing) { SmallStore{End::crashed}.damage_every_file(); }

TEST(EmbeddedDamage, AfterACleanEndWithPendingReadingsNoCutAndNoFlipChangesAnAnswer) {
  SmallStore{End::held_closed}.damage_every_file();
}

TEST(EmbeddedDamage, AfterACrashWithPendingReadingsAtMostTheReportedTornFrameIsMissing) {
  SmallStore{End::held_crashed}.damage_every_file();
}

TEST(EmbeddedDamage, AFileThatIsGoneIsNoticed) {
  for (const End end : {End::closed, End::crashed, End::held_closed, End::held_crashed}) {
    SmallStore whole{end};
    whole.remove_every_file();
  }
}

// Each manifest that was ever current, put back later: the answer is the data of then only where nothing came since.
TEST(EmbeddedDamage, AnOlderManifestPutBackIsNoticed) {
  SimulatedDisk disk;
  ManualClock clock{kStart};
  std::vector<std::vector<std::byte>> manifests;
  for (int run = 0; run < 4; ++run) {
    auto store = open(disk, clock).value();
    manifests.push_back(disk.content("data/MANIFEST"));
    ASSERT_TRUE(store->append_and_wait({Reading{key_of(0), kStart + Seconds{1800} * run, MilliWattHours{run}}}));
    if (run == 1) {
      ASSERT_TRUE(store->fold());
      manifests.push_back(disk.content("data/MANIFEST"));
      ASSERT_TRUE(store->append_and_wait({Reading{key_of(1), kStart + Seconds{1800} * run, MilliWattHours{run}}}));
    }
    if (run < 3) {
      ASSERT_TRUE(store->close());
      manifests.push_back(disk.content("data/MANIFEST"));
    }
    store.reset();
    disk.crash();
  }
  const auto current = disk.content("data/MANIFEST");
  const auto whole = read_all(*open(disk, clock).value()).value();
  for (std::size_t i = 0; i < manifests.size(); ++i) {
    SCOPED_TRACE(i);
    if (manifests[i] == current) continue;
    SimulatedDisk older;
    for (const std::string& path : disk.paths()) older.set_content(path, disk.content(path));
    older.set_content("data/MANIFEST", manifests[i]);
    const auto report = verify_store(older, "data");
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_FALSE(report->sound());
    const auto store = open(older, clock);
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, Errc::corruption) << store.error().message;
  }
  EXPECT_EQ(whole.size(), 5u);
}

TEST(EmbeddedDamage, AManifestOlderThanThePendingReadingsIsNoticed) {
  SimulatedDisk disk;
  ManualClock clock{kStart};
  const auto reading = [](std::uint32_t meter) { return Reading{key_of(meter), kStart, MilliWattHours{1}}; };
  std::vector<std::vector<std::byte>> before;  // the manifests until something was pending
  auto store = open(disk, clock).value();
  const auto note = [&] { before.push_back(disk.content("data/MANIFEST")); };
  const auto expect_noticed = [&](const std::vector<std::byte>& manifest) {
    SimulatedDisk older;
    for (const std::string& path : disk.paths()) older.set_content(path, disk.content(path));
    older.set_content("data/MANIFEST", manifest);
    const auto report = verify_store(older, "data");
    EXPECT_FALSE(report && report->sound());
    const auto opened = open(older, clock);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Errc::corruption) << opened.error().message;
  };
  note();
  ASSERT_TRUE(store->append_and_wait({reading(0)}));
  ASSERT_TRUE(store->fold());
  note();
  ASSERT_TRUE(store->hold());
  const auto held = disk.content("data/MANIFEST");
  ASSERT_TRUE(store->append_and_wait({reading(1)}));
  for (const auto& manifest : before) expect_noticed(manifest);
  ASSERT_TRUE(store->release(nullptr));
  expect_noticed(held);
  ASSERT_TRUE(store->close());
  before.push_back(held);
  for (const auto& manifest : before) expect_noticed(manifest);
}

TEST(EmbeddedDamage, ADamagedSegmentKeepsNobodyFromStarting) {
  SimulatedDisk disk;
  ManualClock clock{kStart};
  const Reading old{key_of(0), kStart, MilliWattHours{1}};
  {
    auto store = open(disk, clock).value();
    ASSERT_TRUE(store->append_and_wait({old, Reading{key_of(1), kStart, MilliWattHours{1}}}));
    ASSERT_TRUE(store->fold());
    ASSERT_TRUE(store->append_and_wait({old, Reading{key_of(1), kStart + Seconds{1800}, MilliWattHours{2}}}));
  }
  disk.crash();
  for (const std::string& path : disk.paths()) {
    if (!path.ends_with(".segment")) continue;
    auto bytes = disk.content(path);
    bytes[18] ^= std::byte{1};  // within the first block
    disk.set_content(path, bytes);
  }
  const auto store = open(disk, clock);
  ASSERT_TRUE(store) << store.error().message;
  ASSERT_TRUE((*store)->open_report().damage);
  EXPECT_EQ((*store)->read(key_of(0), {}, Neighbours::without).error().code, Errc::corruption);
}

TEST(EmbeddedStore, TheDataKeepTheClockTheyWereMadeWith) {
  SimulatedDisk disk;
  ManualClock clock{kStart};
  ASSERT_TRUE(open(disk, clock).value()->close());
  EmbeddedOptions options{.directory = "data", .calendar = SiteCalendar::of("Europe/London").value()};
  options.threads = StoreThreads::none;
  const auto other = EmbeddedReadingStore::open(disk, clock, std::move(options));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Errc::invalid_argument);
  EXPECT_THAT(other.error().message,
              testing::AllOf(testing::HasSubstr("Asia/Singapore"), testing::HasSubstr("Europe/London")));
}

TEST(EmbeddedStore, ADayIsFoldedTenMinutesAfterItsEndAndRestartsLeaveOneSegmentAMonth) {
  SimulatedDisk disk;
  ManualClock clock{kContractNow};
  for (int day = 0; day < 6; ++day) {
    auto store = open(disk, clock).value();
    const auto append = [&](Instant at) {
      ASSERT_TRUE(store->append_and_wait({Reading{key_of(0), at, MilliWattHours{1}}}));
    };
    append(clock.now());
    EXPECT_EQ(store->stats().folds, 0u);
    clock.set(SiteCalendar::of("Asia/Singapore")->day(SiteCalendar::of("Asia/Singapore")->day_of(clock.now())).to +
              Seconds{599});
    append(clock.now());
    EXPECT_EQ(store->stats().folds, 0u);
    clock.advance(Seconds{1});
    append(clock.now());
    EXPECT_EQ(store->stats().folds, 1u);
    ASSERT_TRUE(store->close());
  }
  clock.advance(std::chrono::hours{24 * 60});
  auto store = open(disk, clock).value();
  ASSERT_TRUE(store->close());
  store = open(disk, clock).value();
  EXPECT_EQ(store->stats().segments, 1u);
}

TEST(EmbeddedChanges, AreReplayedInOrderUntilTheyAreFolded) {
  SimulatedDisk disk;
  ManualClock clock{kStart};
  std::vector<std::string> replayed;
  const auto open_and_note = [&] {
    replayed.clear();
    EmbeddedOptions options{.directory = "data", .calendar = SiteCalendar::of("Asia/Singapore").value()};
    options.journal_file_bytes = 2048;
    options.on_change = [&](std::string_view change) {
      replayed.emplace_back(change);
      return Status{};
    };
    return EmbeddedReadingStore::open(disk, clock, std::move(options)).value();
  };
  {
    const auto store = open_and_note();
    int recorded = 0;
    for (const char* change : {"one", "two", "three"})
      store->record_change(change, [&](const Status& done) { recorded += done ? 1 : 0; });
    ASSERT_TRUE(store->append_and_wait({Reading{key_of(1), kStart, MilliWattHours{1}}}));
    EXPECT_EQ(recorded, 3);
  }
  disk.crash();
  {
    const auto store = open_and_note();
    EXPECT_EQ(replayed, (std::vector<std::string>{"one", "two", "three"}));
    EXPECT_EQ(store->open_report().replayed_changes, 3u);
    ASSERT_TRUE(store->fold());
  }
  disk.crash();
  open_and_note();
  EXPECT_TRUE(replayed.empty());
}

}  // namespace
}  // namespace meterhouse

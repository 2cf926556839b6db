#include <array>
#include <atomic>
#include <thread>

#include "store/contract/random.h"
#include "store/contract/readings_contract.h"
#include "store/contract/sample_readings.h"

// Copies of a store while it goes on, and the end of old months.
namespace meterhouse {
namespace {

using sample::key_of;
using sample::kMeter;
using sample::kNoon;
using sample::kOther;
using sample::reading;
using sample::series;
constexpr Instant kFebruary = instant_from_epoch(1'738'339'200);  // 2025-02-01 00:00 in Singapore
constexpr Instant kMarch = instant_from_epoch(1'740'758'400);
constexpr std::chrono::hours kDay{24};

TEST_P(ReadingsContract, ASnapshotOpensAsTheStoreWas) {
  const auto none = store().snapshot();
  if (code_of(none) == Errc::unavailable) GTEST_SKIP() << "this store keeps no files";
  std::int64_t next = 0;
  std::int64_t others = 0;
  const auto append_some = [&] {
    std::vector<Reading> batch;
    for (int i = 0; i < 50; ++i, ++next) {
      batch.push_back(reading(kMeter, kNoon - std::chrono::minutes{700 * next}, 1'000'000 - next));
      batch.push_back(reading(kOther, kNoon - std::chrono::minutes{700 * next}, 1'000'000 - next));
    }
    append(batch);
  };
  const std::vector<std::pair<const char*, std::function<void()>>> steps{
      {"empty", [] {}},
      {"in the journal alone", append_some},
      {"folded", [&] { must(store().fold()); }},
      {"both", append_some},
      {"merged",
       [&] { append_some(), must(store().fold()), append_some(), must(store().fold()), must(store().merge()); }},
      {"held, nothing pending", [&] { must(store().hold()); }},
      {"pending", append_some},
      {"reopened", [&] { place().reopen(); }},
      {"released", [&] { must(store().release(nullptr)); }},
      {"held again", [&] { must(store().hold()); }},
      {"pending again", append_some},
  };
  for (const auto& [name, step] : steps) {
    SCOPED_TRACE(name);
    step();
    const StoreSnapshot snapshot = must(store().snapshot());
    const Digest digest = must(store().digest());
    const StoreStats stats = store().stats();
    EXPECT_EQ(snapshot.sequence, stats.sequence);
    EXPECT_EQ(snapshot.taken_at, place().clock().now());
    // What becomes of the source does not matter.
    append({reading(kMeter, kNoon + kDay + Seconds{++others}, 1)});
    must(store().fold());
    must(store().merge());
    const auto copy = place().open_copy(snapshot);
    ASSERT_NE(copy, nullptr);
    EXPECT_EQ(must(copy->store().digest()), digest);
    EXPECT_EQ(copy->store().stats().held, stats.held);
    EXPECT_EQ(copy->store().stats().pending_readings, stats.pending_readings);
    EXPECT_EQ(copy->store().stats().sequence, stats.sequence);
    EXPECT_EQ(must(copy->store().release(nullptr)).accepted, stats.pending_readings);
    expect_counts(must(copy->store().append_and_wait({reading(key_of(7), kNoon, 1)})), {.accepted = 1});
    copy->reopen();
    EXPECT_EQ(must(copy->store().read(key_of(7), {}, Neighbours::without)).size(), 1U);
  }
}

TEST_P(ReadingsContract, SnapshotsAreTakenWhileEverythingGoesOn) {
  if (code_of(store().snapshot()) == Errc::unavailable) GTEST_SKIP() << "this store keeps no files";
  constexpr std::size_t kThreads = 3;
  std::array<std::atomic<std::int64_t>, kThreads> acknowledged{};
  std::atomic<bool> enough{false};
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < kThreads; ++thread)
    threads.emplace_back([&, thread] {
      const SeriesKey mine = key_of(static_cast<std::uint32_t>(thread));
      for (std::int64_t i = 0; !enough; ++i) {
        EXPECT_FALSE(code_of(store().append_and_wait({reading(mine, kNoon - std::chrono::hours{30'000 - i}, i)})));
        acknowledged[thread] = i + 1;
      }
    });
  threads.emplace_back([&] {
    Random random{test_seed()};
    while (!enough) {
      if (random.one_in(2)) {
        EXPECT_FALSE(code_of(store().fold()));
      }
      if (random.one_in(3)) {
        EXPECT_FALSE(code_of(store().merge()));
      }
      EXPECT_FALSE(code_of(store().hold()));
      if (random.one_in(2)) {
        EXPECT_FALSE(code_of(store().release(nullptr)));
      }
    }
  });
  for (int i = 0; i < 12; ++i) {
    std::array<std::int64_t, kThreads> before{};
    for (std::size_t thread = 0; thread < kThreads; ++thread) before[thread] = acknowledged[thread];
    const StoreSnapshot snapshot = must(store().snapshot());
    std::array<std::int64_t, kThreads> after{};  // and one each that is under way
    for (std::size_t thread = 0; thread < kThreads; ++thread) after[thread] = acknowledged[thread] + 1;
    const auto copy = place().open_copy(snapshot);
    ASSERT_NE(copy, nullptr);
    must(copy->store().release(nullptr));
    for (std::size_t thread = 0; thread < kThreads; ++thread) {
      const Series found =
          must(copy->store().read(key_of(static_cast<std::uint32_t>(thread)), {}, Neighbours::without));
      const auto count = static_cast<std::int64_t>(found.size());
      EXPECT_GE(count, before[thread]);
      EXPECT_LE(count, after[thread]);
      for (std::int64_t k = 0; k < count; ++k)  // the first ones, without a hole
        ASSERT_EQ(found.registers[static_cast<std::size_t>(k)], MilliWattHours{k});
    }
  }
  enough = true;
  for (auto& thread : threads) thread.join();
}

// The newest one of each channel stays: from it on the first month that is kept is counted.
TEST_P(ReadingsContract, WholeMonthsAreDroppedButForTheNewestOfEachChannel) {
  append({reading(kMeter, kFebruary - kDay * 40, 1), reading(kMeter, kFebruary - Seconds{1}, 2),
          reading(kMeter, kFebruary, 3), reading(kMeter, kFebruary + Seconds{1}, 4), reading(kMeter, kMarch, 5),
          reading(kMeter, kMarch + kDay, 6), reading(kOther, kFebruary - kDay * 50, 7),
          reading(kOther, kFebruary - kDay * 40, 8)});
  must(store().hold());
  append({reading(kOther, kFebruary - kDay * 42, 9)});
  must(store().fold());
  EXPECT_EQ(must(store().drop_before(kFebruary - kDay * 400)), 0U);  // nothing so old
  EXPECT_EQ(read(kMeter).size(), 6U);
  EXPECT_EQ(must(store().drop_before(kFebruary)), 3U);
  const auto kept = series({{kFebruary, 3}, {kFebruary + Seconds{1}, 4}, {kMarch, 5}, {kMarch + kDay, 6}});
  const auto others = series({{kFebruary - kDay * 40, 8}});
  in_every_state([&] {
    EXPECT_EQ(without_flags(read(kMeter)), kept);
    EXPECT_EQ(without_flags(read(kOther)), others);
    EXPECT_EQ(scan_all(store()).size(), 2U);
    EXPECT_EQ(store().stats().newest, kMarch + kDay);
    EXPECT_EQ(store().stats().pending_readings, 1U);
  });
  EXPECT_EQ(must(store().drop_before(kFebruary)), 0U);
  EXPECT_EQ(without_flags(read(kMeter)), kept);
  // Late ones come like any other, those pending too, and go with the next drop.
  expect_counts(must(store().release(nullptr)), {.accepted = 1});
  expect_counts(
      append({reading(kMeter, kFebruary, 9), reading(kMeter, kFebruary - kDay, 2), reading(kMeter, kMarch, 5)}),
      {.accepted = 1, .duplicate = 1, .conflict = 1});
  EXPECT_EQ(read(kOther).size(), 2U);
  must(store().fold());
  must(store().drop_before(kFebruary));
  in_every_state([&] {
    EXPECT_EQ(without_flags(read(kMeter)), kept);
    EXPECT_EQ(without_flags(read(kOther)), others);
  });
  // A newer one takes its place.
  append({reading(kOther, kFebruary - kDay, 10)});
  must(store().fold());
  must(store().drop_before(kFebruary));
  in_every_state([&] { EXPECT_EQ(without_flags(read(kOther)), series({{kFebruary - kDay, 10}})); });
}

TEST_P(ReadingsContract, WhereAllMonthsAreDroppedTheNewestOfEachChannelIsLeft) {
  append(
      {reading(kMeter, kFebruary - kDay * 2, 1), reading(kMeter, kFebruary - kDay, 1), reading(kOther, kFebruary, 2)});
  must(store().fold());
  must(store().drop_before(kFebruary));
  Digest left;
  left.add(kMeter, kFebruary - kDay, MilliWattHours{1});
  left.add(kOther, kFebruary, MilliWattHours{2});
  in_every_state([&] {
    EXPECT_EQ(must(store().digest()), left);
    EXPECT_EQ(store().stats().newest, kFebruary);
    EXPECT_EQ(must(store().latest(kMeter, 3)).size(), 1U);
  });
}

}  // namespace
}  // namespace meterhouse

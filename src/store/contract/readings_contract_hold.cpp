#include <array>
#include <atomic>
#include <thread>

#include "store/contract/random.h"
#include "store/contract/readings_contract.h"
#include "store/contract/sample_readings.h"

// Readings kept back and released.
namespace meterhouse {
namespace {

using sample::key_of;
using sample::kMeter;
using sample::kNoon;
using sample::kOther;
using sample::noon_plus;
using sample::reading;
using sample::series;

AppendCounts release(ReadingStore& store) { return must(store.release(nullptr)); }

TEST_P(ReadingsContract, WhatComesInWhileHeldIsInNoAnswerUntilReleased) {
  append({reading(kMeter, kNoon, 5), reading(kMeter, noon_plus(60), 7)});
  const Digest before = must(store().digest());
  must(store().hold());
  expect_counts(append({reading(kMeter, noon_plus(30), 6), reading(kMeter, noon_plus(90), 8)}), {.pending = 2});
  expect_counts(append({reading(kOther, noon_plus(120), 1)}), {.pending = 1});
  in_every_state([&] {
    EXPECT_TRUE(store().stats().held);
    EXPECT_EQ(store().stats().pending_readings, 3U);
    EXPECT_EQ(store().stats().newest, noon_plus(60));
    EXPECT_EQ(without_flags(read(kMeter)), series({{kNoon, 5}, {noon_plus(60), 7}}));
    EXPECT_EQ(must(store().latest(kMeter, 9)).size(), 2U);
    EXPECT_TRUE(read(kOther, {}, Neighbours::with).empty());
    EXPECT_EQ(scan_all(store()).size(), 1U);
    expect_no_other_totals(totals_of(store(), {}, {kNoon, noon_plus(60)}), {{kMeter, MilliWattHours{2}}});
    EXPECT_EQ(must(store().digest()), before);
  });
  expect_counts(release(store()), {.accepted = 3});
  in_every_state([&] {
    EXPECT_FALSE(store().stats().held);
    EXPECT_EQ(store().stats().pending_readings, 0U);
    EXPECT_EQ(store().stats().newest, noon_plus(120));
    EXPECT_EQ(without_flags(read(kMeter)),
              series({{kNoon, 5}, {noon_plus(30), 6}, {noon_plus(60), 7}, {noon_plus(90), 8}}));
    EXPECT_EQ(read(kOther).size(), 1U);
  });
  expect_counts(append({reading(kOther, noon_plus(150), 2)}), {.accepted = 1});
}

TEST_P(ReadingsContract, OfReleasedReadingsTheFirstToArriveStays) {
  append({reading(kMeter, kNoon, 5)});
  must(store().hold());
  append({reading(kMeter, kNoon, 5), reading(kMeter, kNoon, 6), reading(kMeter, noon_plus(30), 7)});
  append({reading(kMeter, noon_plus(30), 8)});
  place().clock().advance(std::chrono::hours{2});
  append({reading(kMeter, noon_plus(30), 7), reading(kMeter, noon_plus(60), 9), reading(kMeter, noon_plus(60), 9)});
  place().reopen();
  expect_counts(release(store()), {.accepted = 2, .duplicate = 3, .conflict = 2});
  in_every_state([&] {
    EXPECT_EQ(without_flags(read(kMeter)), series({{kNoon, 5}, {noon_plus(30), 7}, {noon_plus(60), 9}}));
  });
  expect_counts(append({reading(kMeter, noon_plus(60), 10)}), {.conflict = 1});
}

TEST_P(ReadingsContract, AReleasedReadingArrivedWhenItCame) {
  must(store().hold());
  append({reading(kMeter, noon_plus(-30), 1)});
  place().clock().advance(std::chrono::hours{5});
  append({reading(kMeter, kNoon, 2)});
  place().clock().advance(std::chrono::hours{100});
  release(store());
  in_every_state([&] {
    const Series found = read(kMeter);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found.flags_at(0).arrival, Arrival::within_1h);
    EXPECT_EQ(found.flags_at(1).arrival, Arrival::within_24h);
  });
}

TEST_P(ReadingsContract, HoldAndReleaseMayBeSaidAgain) {
  expect_counts(release(store()), {});
  std::size_t expected = 0;
  for (std::int64_t round = 0; round < 4; ++round) {
    SCOPED_TRACE(round);
    must(store().hold());
    must(store().hold());
    EXPECT_TRUE(store().stats().held);
    for (std::int64_t i = 0; i < round; ++i) {  // also none at all
      append({reading(kMeter, noon_plus(30 * round + i), round)});
      must(store().hold());
    }
    expect_counts(release(store()), {.accepted = static_cast<std::uint64_t>(round)});
    expect_counts(release(store()), {});
    expected += static_cast<std::size_t>(round);
    EXPECT_EQ(read(kMeter).size(), expected);
    EXPECT_FALSE(store().stats().held);
  }
  in_every_state([&] { EXPECT_EQ(read(kMeter).size(), expected); });
}

TEST_P(ReadingsContract, WhatIsPendingSurvivesACrash) {
  append({reading(kMeter, kNoon, 5)});
  must(store().hold());
  append({reading(kMeter, noon_plus(30), 6)});
  if (!place().crash()) GTEST_SKIP() << "this store cannot play a crash";
  EXPECT_TRUE(store().stats().held);
  expect_counts(append({reading(kMeter, noon_plus(60), 7)}), {.pending = 1});
  (void)place().crash();
  EXPECT_EQ(store().stats().pending_readings, 2U);
  EXPECT_EQ(read(kMeter).size(), 1U);
  expect_counts(release(store()), {.accepted = 2});
  (void)place().crash();
  EXPECT_FALSE(store().stats().held);
  EXPECT_EQ(without_flags(read(kMeter)), series({{kNoon, 5}, {noon_plus(30), 6}, {noon_plus(60), 7}}));
}

TEST_P(ReadingsContract, ReleaseTellsHowFarItIs) {
  must(store().hold());
  for (std::int64_t i = 0; i < 20; ++i) {
    append({reading(kMeter, noon_plus(i), i), reading(kOther, noon_plus(i), i)});
    place().clock().advance(Seconds{1});
  }
  std::uint64_t last = 0;
  std::uint64_t last_total = 0;
  must(store().release([&](std::uint64_t done, std::uint64_t total) {
    EXPECT_GE(done, last);
    EXPECT_LE(done, total);
    last = done;
    last_total = total;
  }));
  EXPECT_EQ(last, 40U);
  EXPECT_EQ(last_total, 40U);
}

TEST_P(ReadingsContract, TheSequenceOnlyGrows) {
  std::uint64_t before = store().stats().sequence;
  const auto grown = [&] {
    const std::uint64_t now = store().stats().sequence;
    const bool more = now > before;
    before = now;
    return more;
  };
  append({reading(kMeter, kNoon, 5)});
  EXPECT_TRUE(grown());
  must(store().hold());
  append({reading(kMeter, noon_plus(30), 6)});
  release(store());
  EXPECT_TRUE(grown());
  in_every_state([&] {
    EXPECT_GE(store().stats().sequence, before);
    before = store().stats().sequence;
  });
  append({reading(kMeter, noon_plus(60), 7)});
  EXPECT_TRUE(grown());
}

TEST_P(ReadingsContract, AppendsGoOnWhileTheStoreReleases) {
  constexpr std::uint32_t kThreads = 4;
  constexpr std::int64_t kBatches = 100;
  constexpr std::int64_t kBatchReadings = 20;
  std::array<AppendCounts, kThreads> counts{};
  AppendCounts released;
  std::atomic<int> running{kThreads};
  must(store().hold());
  for (std::int64_t k = 0; k < 500; ++k) append({reading(kMeter, noon_plus(k), k)});
  std::vector<std::thread> threads;
  for (std::uint32_t thread = 0; thread < kThreads; ++thread)
    threads.emplace_back([&, thread] {
      for (std::int64_t i = 0; i < kBatches; ++i) {
        std::vector<Reading> batch;
        for (std::int64_t k = 0; k < kBatchReadings; ++k)
          batch.push_back(reading(key_of(thread), noon_plus(i * kBatchReadings + k), k));
        auto answer = store().append_and_wait(std::move(batch));
        EXPECT_FALSE(code_of(answer));
        if (answer) counts[thread] += *answer;
      }
      --running;
    });
  do {  // held and released in turns, as long as they append
    released += release(store());
    if (running > 0) must(store().hold());
  } while (running > 0);
  for (auto& thread : threads) thread.join();
  released += release(store());
  AppendCounts sum;
  for (const AppendCounts& each : counts) sum += each;
  EXPECT_EQ(sum.accepted + sum.pending, static_cast<std::uint64_t>(kThreads * kBatches * kBatchReadings));
  expect_counts(released, {.accepted = 500 + sum.pending});
  EXPECT_EQ(store().stats().pending_readings, 0U);
  in_every_state([&] {
    const Scanned all = scan_all(store());
    ASSERT_EQ(all.size(), kThreads + 1U);
    for (std::size_t i = 0; i < kThreads; ++i)
      EXPECT_EQ(all[i].second.size(), static_cast<std::size_t>(kBatches * kBatchReadings));
  });
}

}  // namespace
}  // namespace meterhouse

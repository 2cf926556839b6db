#include <array>
#include <atomic>
#include <thread>

#include "store/contract/random.h"
#include "store/contract/readings_contract.h"

// What callers on several threads see.
namespace meterhouse {
namespace {

constexpr int kThreads = 4;

SeriesKey key_of(std::uint32_t meter) { return SeriesKey{MeterId::from_number(meter), Channel::import_}; }

Instant half_hour(std::int64_t index) { return kContractNow - std::chrono::minutes{30 * index}; }

// Runs body(0) … body(kThreads - 1) at once. A body's failure fails the test.
void on_threads(const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&body, i] {
      try {
        body(i);
      } catch (const std::exception& error) {
        ADD_FAILURE() << "thread " << i << ": " << error.what();
      }
    });
  for (auto& thread : threads) thread.join();
}

TEST_P(ReadingsContract, AnAppendIsVisibleToEveryReadAfterIt) {
  constexpr std::int64_t kReadings = 60;
  on_threads([&](int thread) {
    const SeriesKey mine = key_of(static_cast<std::uint32_t>(thread));
    for (std::int64_t i = 0; i < kReadings; ++i) {
      append({Reading{mine, half_hour(i), MilliWattHours{i}}});
      ASSERT_EQ(read(mine).size(), static_cast<std::size_t>(i + 1));
      ASSERT_EQ(must(store().latest(mine, 1)).registers.front(), MilliWattHours{0});
    }
  });
  in_every_state([&] { EXPECT_EQ(scan_all(store()).size(), static_cast<std::size_t>(kThreads)); });
}

TEST_P(ReadingsContract, OfRacingRegistersExactlyOneStays) {
  constexpr std::int64_t kInstants = 300;
  const SeriesKey contested = key_of(7);
  std::array<AppendCounts, kThreads> counts{};
  on_threads([&](int thread) {
    for (std::int64_t i = 0; i < kInstants; ++i)
      counts[static_cast<std::size_t>(thread)] +=
          append({Reading{contested, half_hour(i), MilliWattHours{thread}}});  // another register from every thread
  });
  AppendCounts sum;
  for (const AppendCounts& each : counts) sum += each;
  expect_counts(sum, {.accepted = kInstants, .conflict = (kThreads - 1) * kInstants});
  const Series kept = read(contested);
  ASSERT_EQ(kept.size(), static_cast<std::size_t>(kInstants));
  if (sum.exactness == AppendCounts::Exactness::exact) {
    std::array<std::uint64_t, kThreads> won{};
    for (const MilliWattHours value : kept.registers) ++won[static_cast<std::size_t>(value.count())];
    for (std::size_t thread = 0; thread < kThreads; ++thread) EXPECT_EQ(won[thread], counts[thread].accepted);
  }
  in_every_state([&] { EXPECT_EQ(read(contested), kept); });
}

TEST_P(ReadingsContract, AScanSeesAllThatWasAcknowledgedBefore) {
  const SeriesKey a = key_of(1), b = key_of(2);
  constexpr std::int64_t kReadings = 200;
  std::atomic<std::size_t> acknowledged{0};
  std::thread appender{[&] {
    for (std::int64_t i = 0; i < kReadings; ++i) {
      for (const SeriesKey key : {a, b}) (void)store().append_and_wait({Reading{key, half_hour(i), MilliWattHours{i}}});
      ++acknowledged;
    }
  }};
  for (std::size_t before = 0; before < kReadings;) {
    before = acknowledged;
    std::size_t of_a = 0, of_b = 0;
    for (const auto& [key, found] : scan_all(store())) (key == a ? of_a : of_b) = found.size();
    EXPECT_GE(of_a, before);
    EXPECT_GE(of_b, before);
  }
  appender.join();
  EXPECT_EQ(scan_all(store()).size(), 2u);
}

// Readings sent in order of time, a few at once: whoever sees one of them sees all before it.
TEST_P(ReadingsContract, AReadIsOfOneMoment) {
  const SeriesKey key = key_of(1);
  constexpr std::int64_t kBatches = 300;
  constexpr std::int64_t kBatchReadings = 50;
  const Instant start = half_hour(kBatches * kBatchReadings);
  const auto at = [&](std::int64_t number) { return start + std::chrono::minutes{30 * number}; };
  std::atomic<std::int64_t> acknowledged{0};
  std::thread appender{[&] {
    for (std::int64_t i = 0; i < kBatches; ++i) {
      std::vector<Reading> batch;
      for (std::int64_t k = i * kBatchReadings; k < (i + 1) * kBatchReadings; ++k)
        batch.emplace_back(key, at(k), MilliWattHours{k});
      (void)store().append_and_wait(std::move(batch));
      acknowledged = (i + 1) * kBatchReadings;
    }
  }};
  for (std::int64_t before = 0; before < kBatches * kBatchReadings && !HasFailure();) {
    before = acknowledged;
    const Series seen = read(key, {at(before - 5), at(before + 5)}, Neighbours::with);
    for (std::size_t i = 1; i < seen.size(); ++i)
      EXPECT_EQ(seen.registers[i] - seen.registers[i - 1], MilliWattHours{1}) << "of " << before << " acknowledged";
  }
  appender.join();
}

// Its own visits write, fold and scan in between: to channels passed, to come and new, at the end of a channel, in its
// middle and before it.
void scan_while_writing(ReadingStore& store, Random& random, int depth) {
  const Scanned before = scan_all(store);
  const auto write = [&] {
    std::vector<Reading> batch;
    for (std::uint32_t meter = 0; meter < 8; ++meter)
      for (int i = 0; i < 3; ++i)
        batch.emplace_back(key_of(meter), half_hour(random.between(0, 3'000)), MilliWattHours{random.between(0, 9)});
    must(store.append_and_wait(std::move(batch)));
    if (random.one_in(12)) must(store.fold());
    if (random.one_in(24)) must(store.merge());
  };
  Scanned seen;
  must(store.scan({}, {}, [&](SeriesKey key, const SeriesView& series) -> Status {
    seen.emplace_back(key, series.copy());
    write();
    if (depth > 0 && random.one_in(3)) scan_while_writing(store, random, depth - 1);
    return {};
  }));
  expect_same(seen, before);

  const ReadRange range{half_hour(2'000), half_hour(1'000)};
  const Scanned then = scan_all(store, {}, range);
  std::vector<SeriesKey> visited;
  must(store.scan_totals({}, range, [&](SeriesKey key, std::optional<MilliWattHours>) -> Status {
    visited.push_back(key);
    write();
    return {};
  }));
  ASSERT_EQ(visited.size(), then.size());
  for (std::size_t i = 0; i < visited.size(); ++i) EXPECT_EQ(visited[i], then[i].first);
}

TEST_P(ReadingsContract, AScanIsOfOneMoment) {
  Random random{test_seed()};
  append(
      {Reading{key_of(2), half_hour(1'500), MilliWattHours{1}}, Reading{key_of(5), half_hour(9), MilliWattHours{2}}});
  for (int round = 0; round < 2; ++round) scan_while_writing(store(), random, 1);
}

TEST_P(ReadingsContract, AppendsGoOnWhileTheStoreFoldsMergesAndScans) {
  constexpr std::int64_t kBatches = 40;
  constexpr std::int64_t kBatchReadings = 50;
  std::atomic<bool> appended{false};
  std::thread keeper{[&] {
    Random random{test_seed()};
    while (!appended) {
      if (random.one_in(2)) {
        EXPECT_FALSE(code_of(store().fold()));
      }
      if (random.one_in(3)) {
        EXPECT_FALSE(code_of(store().merge()));
      }
      if (random.one_in(3)) {
        EXPECT_FALSE(code_of(store().digest()));
      }
    }
  }};
  std::array<AppendCounts, kThreads> counts{};
  on_threads([&](int thread) {  // each batch twice, over some months, each thread in an order of its own
    std::vector<std::vector<Reading>> batches;
    const SeriesKey mine = key_of(static_cast<std::uint32_t>(thread));
    for (std::int64_t i = 0; i < 2 * kBatches; ++i) {
      auto& batch = batches.emplace_back();
      for (std::int64_t k = 0; k < kBatchReadings; ++k)
        batch.emplace_back(mine, half_hour((i % kBatches) * 100 + k), MilliWattHours{k});
    }
    Random random{test_seed() + static_cast<std::uint64_t>(thread)};
    random.shuffle(batches);
    for (const auto& batch : batches) counts[static_cast<std::size_t>(thread)] += append(batch);
  });
  appended = true;
  keeper.join();
  for (const AppendCounts& each : counts)
    expect_counts(each, {.accepted = kBatches * kBatchReadings, .duplicate = kBatches * kBatchReadings});
  Digest expected;
  for (std::uint32_t thread = 0; thread < kThreads; ++thread)
    for (std::int64_t i = 0; i < kBatches; ++i)
      for (std::int64_t k = 0; k < kBatchReadings; ++k)
        expected.add(key_of(thread), half_hour(i * 100 + k), MilliWattHours{k});
  in_every_state([&] { EXPECT_EQ(must(store().digest()).hex(), expected.hex()); });
}

}  // namespace
}  // namespace meterhouse

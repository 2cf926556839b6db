#include <algorithm>

#include "store/contract/random.h"
#include "store/contract/readings_contract.h"
#include "store/memory/memory_readings.h"

// Random operations on a store and on the std::map beside it; and the promise that only the set of readings counts.
namespace meterhouse {
namespace {

const std::vector<SeriesKey>& sample_keys() {
  static const std::vector<SeriesKey> keys = [] {
    std::vector<SeriesKey> result;
    for (const std::uint32_t meter : {0u, 100'000'001u, 100'000'002u, 500'000'000u, MeterId::kMax})
      for (const Channel channel : kChannels) result.emplace_back(MeterId::from_number(meter), channel);
    return result;
  }();
  return keys;
}

// Mostly on the half hour of the last days, sometimes to the second, sometimes months back.
Instant random_instant(Random& random, Instant now) {
  const Instant base = std::chrono::floor<std::chrono::hours>(now);
  if (random.one_in(20)) return now - Seconds{random.between(-300, 200 * 86'400)};
  if (random.one_in(6)) return base - std::chrono::minutes{30 * random.between(0, 48 * 120)};
  return base - std::chrono::minutes{30 * random.between(0, 96)};
}

// A register that rises with time, so that totals exist; sometimes one that does not, or the ends of its range.
MilliWattHours random_register(Random& random, Instant at) {
  if (random.one_in(50)) return MilliWattHours{random.between(0, kMaxRegister.count())};
  if (random.one_in(100)) return MilliWattHours{0};
  return MilliWattHours{epoch_seconds(at) * 100'000};
}

std::vector<Reading> random_batch(Random& random, Instant now) {
  std::vector<Reading> batch;
  const auto size = random.one_in(30) ? random.between(1'000, 3'000) : random.between(1, 60);
  const bool one_channel = random.one_in(2);
  SeriesKey key = random.pick(sample_keys());
  for (std::int64_t i = 0; i < size; ++i) {
    if (!one_channel) key = random.pick(sample_keys());
    const Instant at = random_instant(random, now);
    batch.emplace_back(key, at, random_register(random, at));
  }
  return batch;
}

ReadRange random_range(Random& random, Instant now) {
  if (random.one_in(8)) return {};
  Instant from = random_instant(random, now);
  Instant to = random.one_in(8) ? from : random_instant(random, now);
  if (to < from) std::swap(from, to);
  return {from, to};
}

KeyRange random_keys(Random& random) {
  if (random.one_in(3)) return {};
  std::uint32_t first = random.pick(sample_keys()).packed();
  std::uint32_t last = random.pick(sample_keys()).packed();
  if (last < first) std::swap(first, last);
  return {first, last};
}

class Session {
 public:
  Session(ReadingStorePlace& place, Random& random) : place_(place), random_(random), model_(place.clock()) {}

  void step() {
    const Instant now = place_.clock().now();
    const auto dice = random_.below(100);
    EXPECT_EQ(store().stats().pending_readings, model_.stats().pending_readings);
    if (dice < 55)
      append(random_batch(random_, now));
    else if (dice < 70)
      compare_read(random_.pick(sample_keys()), random_range(random_, now));
    else if (dice < 76)
      compare_latest(random_.pick(sample_keys()), random_.below(200));
    else if (dice < 82)
      compare_scan(random_keys(random_), random_range(random_, now));
    else if (dice < 86)
      EXPECT_EQ(must(store().digest()).hex(), must(model_.digest()).hex());
    else if (dice < 91)
      must(store().fold());
    else if (dice < 94)
      must(store().merge());
    else if (dice < 95)
      place_.reopen();
    else if (dice < 96)
      (void)place_.crash();
    else if (dice < 97)
      hold();
    else if (dice < 98)
      release();
    else if (random_.one_in(4))
      drop();
    else if (random_.one_in(3))
      compare_copy();
    else
      place_.clock().advance(Seconds{random_.between(0, 4 * 3'600)});
  }

 private:
  ReadingStore& store() { return place_.store(); }

  void append(const std::vector<Reading>& batch) {
    expect_counts(must(store().append_and_wait(batch)), must(model_.append_and_wait(batch)));
  }
  void hold() {
    must(store().hold());
    must(model_.hold());
  }
  void drop() {
    // 2024-12-01, 2025-01-01 and 2025-02-01 in Singapore
    const std::vector<std::int64_t> months{1'732'982'400, 1'735'660'800, 1'738'339'200};
    const Instant month = instant_from_epoch(random_.pick(months));
    must(store().fold());
    EXPECT_EQ(must(store().drop_before(month)), must(model_.drop_before(month)));
    dropped_.push_back(month);
  }
  void compare_copy() {
    const auto snapshot = store().snapshot();
    if (code_of(snapshot) == Errc::unavailable) return;
    const auto copy = place_.open_copy(must(snapshot));
    EXPECT_EQ(must(copy->store().digest()).hex(), must(model_.digest()).hex());
    EXPECT_EQ(copy->store().stats().pending_readings, model_.stats().pending_readings);
  }
  void release() { expect_counts(must(store().release(nullptr)), must(model_.release(nullptr))); }
  void compare_read(SeriesKey key, ReadRange range) {
    for (const Neighbours neighbours : {Neighbours::without, Neighbours::with})
      expect_same(must(store().read(key, range, neighbours)), must(model_.read(key, range, neighbours)));
  }
  void compare_latest(SeriesKey key, std::size_t count) {
    expect_same(must(store().latest(key, count)), must(model_.latest(key, count)));
  }
  void compare_scan(KeyRange keys, ReadRange range) {
    expect_same(scan_all(store(), keys, range), scan_all(model_, keys, range));
    if (std::ranges::count(dropped_, range.from) == 0)  // the register there may still be known
      expect_no_other_totals(totals_of(store(), keys, range), totals_of(model_, keys, range));
  }

  ReadingStorePlace& place_;
  Random& random_;
  MemoryReadingStore model_;
  std::vector<Instant> dropped_;
};

TEST_P(ReadingsContract, AnswersLikeTheModelAfterThousandsOfRandomOperations) {
  SCOPED_TRACE(fmt::format("MH_TEST_SEED={}", test_seed()));
  Random random{test_seed()};
  for (int round = 0; round < 4; ++round) {
    start_afresh();
    Session session{place(), random};
    for (int i = 0; i < 400; ++i) {
      session.step();
      if (HasFailure()) FAIL() << "at operation " << i << " of round " << round;
    }
  }
}

// A set of readings, no two of a channel at one instant.
std::vector<Reading> random_set(Random& random, std::size_t count) {
  std::map<std::pair<SeriesKey, Instant>, Reading> set;
  while (set.size() < count) {
    const SeriesKey key = random.pick(sample_keys());
    const Instant at = random_instant(random, kContractNow);
    set.try_emplace({key, at}, key, at, random_register(random, at));
  }
  std::vector<Reading> readings;
  for (const auto& [where, reading] : set) readings.push_back(reading);
  return readings;
}

// The set in pieces of random size, some of them again later.
std::vector<std::vector<Reading>> random_pieces(Random& random, const std::vector<Reading>& set) {
  std::vector<std::vector<Reading>> pieces;
  for (std::size_t taken = 0; taken < set.size();) {
    const std::size_t size = std::min<std::size_t>(1 + random.below(300), set.size() - taken);
    const auto first = set.begin() + static_cast<std::ptrdiff_t>(taken);
    pieces.emplace_back(first, first + static_cast<std::ptrdiff_t>(size));
    taken += size;
  }
  const std::size_t once = pieces.size();
  for (std::size_t i = 0; i < once; ++i)
    if (random.one_in(4)) pieces.push_back(pieces[i]);
  return pieces;
}

TEST_P(ReadingsContract, OnlyTheSetOfReadingsCounts) {
  SCOPED_TRACE(fmt::format("MH_TEST_SEED={}", test_seed()));
  Random random{test_seed()};
  std::vector<Reading> set = random_set(random, 3'000);
  MemoryReadingStore model{place().clock()};
  must(model.append_and_wait(set));
  std::vector<ReadRange> ranges;
  for (int i = 0; i < 8; ++i) ranges.push_back(random_range(random, kContractNow));

  for (int round = 0; round < 6; ++round) {
    SCOPED_TRACE(round);
    start_afresh();
    random.shuffle(set);
    AppendCounts counts;
    for (const auto& piece : random_pieces(random, set)) {
      counts += append(piece);
      if (random.one_in(8)) must(store().fold());
      if (random.one_in(12)) must(store().merge());
      if (random.one_in(20)) place().reopen();
      if (random.one_in(40)) (void)place().crash();
      place().clock().advance(Seconds{random.between(0, 7'200)});
    }
    if (counts.exactness == AppendCounts::Exactness::exact) {
      EXPECT_EQ(counts.accepted, set.size());
    }
    EXPECT_EQ(counts.conflict, 0u);
    expect_same_answers(store(), model, sample_keys(), ranges);
    place().reopen();
    must(store().fold());
    must(store().merge());
    expect_same_answers(store(), model, sample_keys(), ranges);
    if (HasFailure()) FAIL() << "in round " << round;
  }
}

}  // namespace
}  // namespace meterhouse

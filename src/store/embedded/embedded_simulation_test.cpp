#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <type_traits>

#include "base/testing/simulated_disk.h"
#include "store/embedded/embedded_store.h"
#include "store/embedded/verify.h"

// Store, clock and a disk that fails and forgets, in one process and on one thread: each seed is another history of
// appends, folds, merges, holds, releases, dropped months, power cuts and failing operations. What was acknowledged
// must be there afterwards, every time.

namespace meterhouse {
namespace {

constexpr Instant kStart = instant_from_epoch(1'738'300'000);  // the last day of January 2025: the runs cross months

std::uint64_t environment_number(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

class History {
 public:
  explicit History(std::uint64_t seed) : random_(seed), disk_(seed), clock_(kStart) {}

  void run() {
    open();
    for (int step = 0; step < 60 && !testing::Test::HasFatalFailure(); ++step) {
      switch (random_() % 20) {
        case 0:
          store_ ? report(folding([this] { return store_->fold(); })) : open();
          break;
        case 1:
          store_ ? report(store_->merge()) : open();
          break;
        case 2:
          close();
          break;
        case 3:
          cut_power();
          break;
        case 4:
          disk_.fail_after(random_() % 12, random_() % 2 == 0 ? Errc::io : Errc::no_space);
          break;
        case 5:
          change();
          break;
        case 6:
          check();
          break;
        case 7:
          hold();
          break;
        case 8:
        case 9:
          release();
          break;
        case 10:
          if (random_() % 4 == 0) drop();
          break;
        default:
          append();
      }
      clock_.advance(Seconds{static_cast<std::int64_t>(random_() % 20'000)});
    }
    cut_power();
    check();
    release();
    check();
    close();
    check();
  }

 private:
  using Place = std::pair<std::uint32_t, std::int64_t>;  // channel, seconds

  void open() {
    if (store_) return;
    EmbeddedOptions options{.directory = "data", .calendar = SiteCalendar::of("Asia/Singapore").value()};
    // Sometimes no more than the memory of a head with one reading, so that appends fold by themselves.
    options.head_budget_bytes = std::uint64_t{random_() % 4 == 0 ? 64U : 65'536U} << 10;
    options.journal_file_bytes = 2048 + random_() % 8192;
    options.threads = StoreThreads::none;
    options.on_change = [this](std::string_view text) {
      replayed_.push_back(std::strtol(text.data() + std::string_view{"change "}.size(), nullptr, 10));
      return Status{};
    };
    replayed_.clear();
    auto opened = EmbeddedReadingStore::open(disk_, clock_, std::move(options));
    if (!opened) {
      ASSERT_TRUE(disk_.failed()) << opened.error().message;
      disk_.crash();
      return;
    }
    store_ = std::move(*opened);
    check_replayed_changes();
  }

  void close() {
    if (!store_) return;
    const auto done = folding([this] { return store_->close(); });
    store_.reset();
    if (!done) {
      ASSERT_TRUE(disk_.failed()) << done.error().message;
      disk_.crash();
    }
    disk_.heal();
  }

  void cut_power() {
    store_.reset();
    disk_.crash();
  }

  // An error is only right where the disk failed; the store is then given up, as the program would.
  void report(const Status& done) {
    if (done) return;
    ASSERT_TRUE(disk_.failed()) << done.error().message;
    if (done.error().code == Errc::no_space && random_() % 2 == 0)
      disk_.heal();  // room again: it goes on as if nothing had been
    else
      cut_power();
  }

  Reading any_reading() {
    const SeriesKey key{MeterId::from_number(static_cast<std::uint32_t>(100'000'000 + random_() % 5)),
                        random_() % 4 == 0 ? Channel::export_ : Channel::import_};
    const auto at = kStart + Seconds{1800} * static_cast<std::int64_t>(random_() % 400);
    return {key, at, MilliWattHours{static_cast<std::int64_t>(random_() % 3)}};
  }

  void append() {
    open();
    if (!store_) return;
    std::vector<Reading> batch;
    for (std::size_t count = 1 + random_() % 20; count > 0; --count) batch.push_back(any_reading());
    const auto counts = folding([&] { return store_->append_and_wait(batch); });
    if (counts) {
      take(batch, counts->pending > 0);
      return;
    }
    ASSERT_TRUE(disk_.failed()) << counts.error().message;
    // The whole batch may be durable or nothing of it.
    unknown_held_ = store_->stats().held;  // the next open may be held by a hold that failed before
    unknown_.push_back(std::move(batch));
    cut_power();
    settle_unknown();
  }

  void take(const std::vector<Reading>& batch, bool pending) {
    if (pending) pending_.insert(pending_.end(), batch.begin(), batch.end());
    for (std::size_t i = 0; i < batch.size() && !pending; ++i) acknowledge(batch[i]);
  }

  void hold() {
    open();
    if (store_) report(store_->hold());
  }

  // However often it is interrupted, in the end each pending reading is there once, in the order of arrival.
  void release() {
    for (bool released = false; !released && !testing::Test::HasFatalFailure();) {
      open();
      if (!store_) continue;
      const auto counts = folding([this] { return store_->release(nullptr); });
      released = counts.has_value();
      if (!released) report(counts.error());
    }
    for (const Reading& reading : pending_) acknowledge(reading);
    pending_.clear();
  }

  // However often it is interrupted, in the end January is gone but for its newest readings, and nothing else.
  void drop() {
    const Instant february = instant_from_epoch(1'738'339'200);
    for (bool dropped = false; !dropped && !testing::Test::HasFatalFailure();) {
      open();
      if (!store_) continue;
      auto done = folding([this] { return store_->fold(); });
      if (done) {
        const auto gone = store_->drop_before(february);
        if (!gone) done = gone.error();
      }
      dropped = done.has_value();
      report(done);
    }
    std::map<std::uint32_t, std::int64_t> newest;
    for (const auto& [place, value] : acknowledged_)
      if (place.second <= epoch_seconds(february)) newest[place.first] = place.second;  // ascending
    std::erase_if(acknowledged_, [&](const auto& kept) {
      const auto& [channel, seconds] = kept.first;
      return seconds <= epoch_seconds(february) && seconds != newest[channel];
    });
  }

  void acknowledge(const Reading& reading) {
    acknowledged_.emplace(Place{reading.key().packed(), epoch_seconds(reading.at())}, reading.register_value());
  }

  // A batch whose outcome a failure hid: now it is there whole, or not at all.
  void settle_unknown() {
    while (!store_ && !testing::Test::HasFatalFailure()) open();
    if (!store_) return;
    for (const auto& batch : unknown_) {
      if (unknown_held_) {  // there is no other way to look at what is pending
        const std::uint64_t found = store_->stats().pending_readings - pending_.size();
        ASSERT_TRUE(found == 0 || found == batch.size()) << found << " of " << batch.size();
        if (found > 0) take(batch, true);
        continue;
      }
      std::size_t fresh = 0;
      std::size_t found = 0;
      std::map<Place, MilliWattHours> first;
      for (const Reading& reading : batch)
        first.emplace(Place{reading.key().packed(), epoch_seconds(reading.at())}, reading.register_value());
      for (const auto& [place, value] : first) {
        if (acknowledged_.contains(place)) continue;
        ++fresh;
        const auto series =
            store_->read(SeriesKey::from_packed(place.first).value(),
                         {instant_from_epoch(place.second), instant_from_epoch(place.second)}, Neighbours::without);
        ASSERT_TRUE(series) << series.error().message;
        if (!series->empty()) {
          ++found;
          ASSERT_EQ(series->registers[0], value);
        }
      }
      ASSERT_TRUE(found == 0 || found == fresh) << found << " of " << fresh << " readings of one batch";
      if (found > 0)
        for (const Reading& reading : batch) acknowledge(reading);
    }
    unknown_.clear();
  }

  void change() {
    open();
    if (!store_) return;
    const auto result = folding([this] {
      Status done;
      store_->record_change(fmt::format("change {}", changes_ + 1), [&](Status status) { done = std::move(status); });
      return done;
    });
    ++changes_;
    if (result)
      unfolded_.push_back(changes_);
    else if (result.error().code != Errc::no_space)
      unknown_change_ = changes_;
    report(result);
  }

  // Runs what may fold. Where it did, the changes before it are folded; where it failed, perhaps.
  template <class Operation>
  std::invoke_result_t<const Operation&> folding(const Operation& operation) {
    const long before = changes_;
    const std::uint64_t folds = store_->stats().folds;
    auto result = operation();
    if (!result)
      maybe_folded_ = before;
    else if (store_->stats().folds > folds)
      folded_ = maybe_folded_ = before;
    return result;
  }

  // Each acknowledged change that is not folded, once, in order. What a failure left open may be either way, from now
  // on it is as it was found.
  void check_replayed_changes() {
    std::erase_if(unfolded_, [this](long change) { return change <= folded_; });
    if (unknown_change_ && !replayed_.empty() && replayed_.back() == *unknown_change_)
      unfolded_.push_back(*unknown_change_);
    while (unfolded_.size() > replayed_.size() && unfolded_.front() <= maybe_folded_)
      unfolded_.erase(unfolded_.begin());
    ASSERT_EQ(replayed_, unfolded_);
    unknown_change_.reset();
    maybe_folded_ = folded_;
  }

  void check() {
    while (!store_) {
      open();
      if (testing::Test::HasFatalFailure()) return;
    }
    disk_.heal();
    std::map<Place, MilliWattHours> found;
    Digest expected;
    for (const auto& [place, value] : acknowledged_)
      expected.add(SeriesKey::from_packed(place.first).value(), instant_from_epoch(place.second), value);
    const auto done = store_->scan({}, {}, [&](SeriesKey key, const SeriesView& series) {
      for (std::size_t i = 0; i < series.size(); ++i)
        found.emplace(Place{key.packed(), epoch_seconds(series.at[i])}, series.registers[i]);
      return Status{};
    });
    ASSERT_TRUE(done) << done.error().message;
    ASSERT_EQ(found, acknowledged_);
    ASSERT_EQ(store_->digest().value(), expected);
    ASSERT_EQ(store_->stats().pending_readings, pending_.size());
    store_.reset();
    const auto report = verify_store(disk_, "data");
    ASSERT_TRUE(report) << report.error().message;
    ASSERT_TRUE(report->sound()) << report->damages.front();
  }

  std::mt19937_64 random_;
  SimulatedDisk disk_;
  ManualClock clock_;
  std::unique_ptr<EmbeddedReadingStore> store_;
  std::map<Place, MilliWattHours> acknowledged_;
  std::vector<Reading> pending_;  // in the order of arrival
  std::vector<std::vector<Reading>> unknown_;
  bool unknown_held_ = false;   // those were to be pending
  std::vector<long> replayed_;  // at the last open
  long changes_ = 0;            // numbered from 1
  std::vector<long> unfolded_;  // those acknowledged, but for the first ones that are folded
  long folded_ = 0;             // those up to here are
  long maybe_folded_ = 0;
  std::optional<long> unknown_change_;  // whose outcome a failure hid
};

// MH_TEST_SEED=n runs that one history; MH_SIMULATIONS=n runs as many.
TEST(EmbeddedSimulation, NothingAcknowledgedIsLostInAnyHistory) {
  const std::uint64_t only = environment_number("MH_TEST_SEED", 0);
  const std::uint64_t first = only != 0 ? only : 1;
  const std::uint64_t count = only != 0 ? 1 : environment_number("MH_SIMULATIONS", 2000);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE(fmt::format("MH_TEST_SEED={}", seed));
    History{seed}.run();
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace meterhouse

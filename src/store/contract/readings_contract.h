#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "base/clock.h"
#include "store/contract/must.h"
#include "store/readings.h"

namespace meterhouse {

// A place of its own (a temporary directory, a key prefix) that holds one store, empty at first and open.
class ReadingStorePlace {
 public:
  virtual ~ReadingStorePlace() = default;

  virtual ReadingStore& store() = 0;
  // The clock the store lives by.
  virtual ManualClock& clock() = 0;
  // Closes the store cleanly (unless the test did) and opens it again; store() is then the new one.
  virtual void reopen() = 0;
  // Opens it again as if the process had died. False: this place cannot play that.
  virtual bool crash() { return false; }
  // A new place of the same kind with the files of a snapshot, opened. Null: this place has no files.
  virtual std::unique_ptr<ReadingStorePlace> open_copy(const StoreSnapshot& /*snapshot*/) { return nullptr; }
  // Whether what was appended outlives close().
  virtual bool durable() const { return true; }
};

// One kind or setting of a store under the contract. In the store's own test:
//   INSTANTIATE_TEST_SUITE_P(Memory, ReadingsContract, testing::Values(ReadingsContractStore{"plain", make_place}));
// and link mh_store_contract.
struct ReadingsContractStore {
  std::string name;
  std::function<std::unique_ptr<ReadingStorePlace>()> make;

  friend std::ostream& operator<<(std::ostream& out, const ReadingsContractStore& store) { return out << store.name; }
};

// The clock of a new place should stand here: 2025-02-20 12:00 UTC.
constexpr Instant kContractNow = instant_from_epoch(1'740'052'800);

// What readings.h promises, sentence by sentence.
class ReadingsContract : public testing::TestWithParam<ReadingsContractStore> {
 protected:
  ReadingsContract() : place_(GetParam().make()) {}

  ReadingStorePlace& place() { return *place_; }
  ReadingStore& store() { return place_->store(); }
  AppendCounts append(std::vector<Reading> batch) { return must(store().append_and_wait(std::move(batch))); }
  Series read(SeriesKey key, ReadRange range = {}, Neighbours neighbours = Neighbours::without) {
    return must(store().read(key, range, neighbours));
  }

  // A new, empty store of the same kind takes the place of the one so far.
  void start_afresh() { place_ = GetParam().make(); }

  // Runs the check on the data as they are now, then again after each thing that must not change an answer.
  void in_every_state(const std::function<void()>& check);

 private:
  std::unique_ptr<ReadingStorePlace> place_;
};

// Equal where the store counts at once; where it counts at the fold, all are accepted.
void expect_counts(const AppendCounts& actual, const AppendCounts& expected);

// Instants and registers alone: arrival is outside the rule that only the set of readings counts.
Series without_flags(Series series);

// Equal with their flags; says where they part.
void expect_same(const Series& actual, const Series& expected);

// Everything a scan visits, in its order.
using Scanned = std::vector<std::pair<SeriesKey, Series>>;
void expect_same(const Scanned& actual, const Scanned& expected);
Scanned scan_all(const ReadingStore& store, KeyRange keys = {}, ReadRange range = {});

// What scan_totals visits. `exact` also visits the same channels, and where `actual` gives a total it is the same.
using Totals = std::vector<std::pair<SeriesKey, std::optional<MilliWattHours>>>;
Totals totals_of(const ReadingStore& store, KeyRange keys, ReadRange range);
void expect_no_other_totals(const Totals& actual, const Totals& exact);

// Every answer of `store` is that of `model`; the channels asked for are `keys`.
void expect_same_answers(const ReadingStore& store, const ReadingStore& model, const std::vector<SeriesKey>& keys,
                         const std::vector<ReadRange>& ranges);

}  // namespace meterhouse

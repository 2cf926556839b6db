#include "service/ingest.h"

#include <gmock/gmock.h>

#include "store/memory/memory_readings.h"

namespace meterhouse {
namespace {

using testing::ElementsAre;

MeterId meter(std::uint32_t number) { return MeterId::from_number(number); }

Reading reading(std::uint32_t number, std::int64_t seconds = 1'740'018'600) {
  return {SeriesKey{meter(number), Channel::import_}, instant_from_epoch(seconds), MilliWattHours{1}};
}

// A store that answers when it is told to; everything else is the memory store's.
class SlowStore final : public MemoryReadingStore {
 public:
  using MemoryReadingStore::MemoryReadingStore;

  void append(std::vector<Reading> batch, AppendDone done) override {
    waiting_.push_back(
        [this, batch = std::move(batch), done = std::move(done)] { MemoryReadingStore::append(batch, done); });
  }
  void answer_all() {
    for (const auto& answer : std::exchange(waiting_, {})) answer();
  }

 private:
  std::vector<std::function<void()>> waiting_;
};

TEST(RejectUnregistered, KeepsTheOthersAndTheOrder) {
  MeterDirectory directory;
  directory.add(meter(1));
  ParsedRows rows;
  rows.add(1, reading(1));
  rows.add(2, reading(9));
  rows.reject(3, "at", "is in the future");
  rows.add(4, reading(1));
  rows.add(5, reading(8));
  reject_unregistered(rows, directory);
  EXPECT_THAT(rows.rows, ElementsAre(1, 4));
  EXPECT_THAT(rows.readings, ElementsAre(reading(1), reading(1)));
  EXPECT_THAT(rows.rejects,
              ElementsAre(RowReject{2, "meter_id", "is not registered"}, RowReject{3, "at", "is in the future"},
                          RowReject{5, "meter_id", "is not registered"}));
  EXPECT_EQ(rows.rejected, 3U);
}

TEST(RejectUnregistered, ListsTheFirstOnly) {
  const MeterDirectory nobody;
  ParsedRows rows;
  for (std::uint64_t row = 1; row <= 150; ++row) rows.add(row, reading(1));
  rows.reject(151, "at", "is missing");
  reject_unregistered(rows, nobody);
  EXPECT_TRUE(rows.readings.empty());
  EXPECT_EQ(rows.rejected, 151U);
  ASSERT_EQ(rows.rejects.size(), ParsedRows::kMaxRejects);
  EXPECT_EQ(rows.rejects.back().row, 100U);
}

TEST(IngestReport, AddsUpBatches) {
  IngestReport report;
  for (std::uint64_t batch = 0; batch < 3; ++batch) {
    ParsedRows rows;
    for (std::uint64_t row = 1; row <= 60; ++row) rows.reject(batch * 60 + row, "at", "is missing");
    report.add_rejects(rows);
  }
  EXPECT_EQ(report.rejected, 180U);
  ASSERT_EQ(report.errors.size(), IngestReport::kMaxErrors);
  EXPECT_EQ(report.errors.back().row, 100U);
}

class IngestTest : public testing::Test {
 protected:
  IngestTest() { directory_.add(meter(1)); }

  ParsedRows rows_of(std::uint32_t number, std::size_t count) {
    ParsedRows rows;
    for (std::size_t i = 0; i < count; ++i)
      rows.add(i + 1, reading(number, 1'740'000'000 + static_cast<std::int64_t>(i)));
    return rows;
  }

  // What done was given: the counts accepted, or the error's code.
  AppendDone record() {
    return [this](Result<AppendCounts> counts) {
      answers_.push_back(counts ? fmt::format("{}", counts->accepted) : std::string{to_string(counts.error().code)});
    };
  }

  MeterDirectory directory_;
  const ManualClock clock_{instant_from_epoch(1'740'018'600)};
  SlowStore store_{clock_};
  std::vector<std::string> answers_;
};

TEST_F(IngestTest, StoresWhatIsRegistered) {
  Ingest ingest{directory_, store_};
  ParsedRows rows = rows_of(1, 3);
  rows.add(4, reading(2));
  ingest.take(rows, record());
  EXPECT_EQ(rows.rejected, 1U);
  EXPECT_TRUE(rows.readings.empty());
  EXPECT_EQ(ingest.bytes_in_flight(), 3 * sizeof(Reading));
  store_.answer_all();
  EXPECT_THAT(answers_, ElementsAre("3"));
  EXPECT_EQ(ingest.bytes_in_flight(), 0U);
}

TEST_F(IngestTest, AnswersAtOnceWhereNothingIsLeft) {
  Ingest ingest{directory_, store_};
  ParsedRows rows = rows_of(2, 3);
  ingest.take(rows, record());
  EXPECT_THAT(answers_, ElementsAre("0"));
  EXPECT_EQ(rows.rejected, 3U);
}

TEST_F(IngestTest, RefusesWhatWouldPassTheBound) {
  Ingest ingest{directory_, store_, {.bytes_in_flight = 4 * sizeof(Reading)}};
  ParsedRows first = rows_of(1, 3), at_the_bound = rows_of(1, 1), past_it = rows_of(1, 1);
  ingest.take(first, record());
  ingest.take(at_the_bound, record());
  ingest.take(past_it, record());
  EXPECT_THAT(answers_, ElementsAre(to_string(Errc::unavailable)));
  EXPECT_EQ(past_it.readings.size(), 1U) << "a refused batch can be sent again";
  store_.answer_all();
  ingest.take(past_it, record());
  store_.answer_all();
  EXPECT_THAT(answers_, ElementsAre(to_string(Errc::unavailable), "3", "0", "0"));
  EXPECT_EQ(ingest.bytes_in_flight(), 0U);
}

TEST_F(IngestTest, TakesOneBatchWhateverTheBound) {
  Ingest ingest{directory_, store_, {.bytes_in_flight = 1}};
  ParsedRows rows = rows_of(1, 3);
  ingest.take(rows, record());
  store_.answer_all();
  EXPECT_THAT(answers_, ElementsAre("3"));
}

}  // namespace
}  // namespace meterhouse

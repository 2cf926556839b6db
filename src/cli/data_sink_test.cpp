#include "cli/data_sink.h"

#include <gtest/gtest.h>

#include "base/testing/temporary_directory.h"
#include "store/contract/must.h"

namespace meterhouse::cli {
namespace {

constexpr Instant kNow = instant_from_epoch(1'740'052'800);

class DataSinkTest : public testing::Test {
 protected:
  std::unique_ptr<DataDirectory> open() {
    return must(DataDirectory::open(directory_.path() + "/data", site_, posix_file_system(), clock_, {}));
  }
  static MeterId meter(std::uint32_t number) { return MeterId::from_number(number); }
  // Row r reads the meter r % meters at its own instant; the meters 0 and 1 are registered.
  static ParsedRows rows(std::uint64_t first, std::uint64_t count, std::uint32_t meters) {
    ParsedRows batch;
    for (std::uint64_t row = first; row < first + count; ++row)
      batch.add(row, {{meter(static_cast<std::uint32_t>(row) % meters), Channel::import_},
                      kNow - Seconds{static_cast<std::int64_t>(row)},
                      MilliWattHours{static_cast<std::int64_t>(1'000'000 - row)}});
    return batch;
  }

  TemporaryDirectory directory_;
  const Site site_{{{"North", {"A"}}}, {"flat"}, "Asia/Singapore"};
  const ManualClock clock_{kNow};
  const std::vector<NewMeter> meters_{{meter(0), "North", "A", "flat", "", std::nullopt},
                                      {meter(1), "North", "A", "flat", "", std::nullopt}};
};

TEST_F(DataSinkTest, KeepsEveryBatchAndCountsThemAll) {
  constexpr std::uint64_t kBatches = 5 * DataSink::kMaxBatchesInFlight, kRows = 300;
  {
    DataSink sink{open()};
    EXPECT_EQ(must(sink.register_meters(meters_)).registered, 2u);
    for (std::uint64_t i = 0; i < kBatches; ++i) {
      ParsedRows batch = rows(i * kRows, kRows, 2);
      must(sink.take(batch));
      EXPECT_TRUE(batch.rejects.empty());
    }
    ParsedRows again = rows(0, kRows, 2);
    must(sink.take(again));
    must(sink.finish());
    EXPECT_EQ(sink.counts().accepted, kBatches * kRows);
    EXPECT_EQ(sink.counts().duplicate, kRows);
  }
  const auto data = open();
  EXPECT_EQ(must(data->readings().read({meter(1), Channel::import_}, {}, Neighbours::without)).size(),
            kBatches * kRows / 2);
}

TEST_F(DataSinkTest, ListsEveryRowOfAnUnregisteredMeter) {
  DataSink sink{open()};
  must(sink.register_meters(meters_));
  ParsedRows batch = rows(1, 900, 3);
  batch.reject(450, "at", "is not an ISO 8601 time");
  must(sink.take(batch));
  must(sink.finish());
  EXPECT_EQ(sink.counts().accepted, 600u);
  ASSERT_EQ(batch.rejects.size(), 301u);
  EXPECT_EQ(batch.rejected, 301u);
  EXPECT_EQ(batch.rejects.front(), (RowReject{2, "meter_id", "is not registered"}));
  EXPECT_TRUE(std::ranges::is_sorted(batch.rejects, {}, &RowReject::row));
}

TEST_F(DataSinkTest, TellsAnErrorOfABatchThatWasNotWaitedFor) {
  auto data = open();
  DataDirectory& directory = *data;
  DataSink sink{std::move(data)};
  must(sink.register_meters(meters_));
  ParsedRows kept = rows(0, 10, 2);
  must(sink.take(kept));
  must(directory.readings().close());  // as if the journal had failed: nothing more is acknowledged
  ParsedRows lost = rows(10, 10, 2);
  const Status taken = sink.take(lost);
  EXPECT_EQ(code_of(taken ? sink.finish() : taken), Errc::unavailable);
  EXPECT_EQ(sink.counts().accepted, 10u);
}

}  // namespace
}  // namespace meterhouse::cli

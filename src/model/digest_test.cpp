#include "model/digest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "base/property_test.h"

namespace meterhouse {
namespace {

const SeriesKey kImport{MeterId::from_number(100'000'001), Channel::import_};
const SeriesKey kExport{MeterId::from_number(100'000'001), Channel::export_};
const Instant kAt = instant_from_epoch(1'740'018'600);

Digest digest_of(const std::vector<Reading>& readings) {
  Digest digest;
  for (const Reading& reading : readings) digest.add(reading.key(), reading.at(), reading.register_value());
  return digest;
}

TEST(Digest, OfNothingIsZero) { EXPECT_EQ(Digest{}.hex(), "00000000000000000000000000000000"); }

// Recorded: another program that hashes the packed 16 bytes with XXH3 must find the same.
TEST(Digest, OfOneReadingStaysAsItIs) {
  EXPECT_EQ(digest_of({Reading{kImport, kAt, MilliWattHours{123'300'000}}}).hex(), "2e3bd7ba11912cf941543da118cef6cf");
}

TEST(Digest, EveryPartOfAReadingCounts) {
  const Digest digest = digest_of({Reading{kImport, kAt, MilliWattHours{5}}});
  EXPECT_NE(digest, digest_of({Reading{kExport, kAt, MilliWattHours{5}}}));
  EXPECT_NE(digest, digest_of({Reading{kImport, kAt + Seconds{1}, MilliWattHours{5}}}));
  EXPECT_NE(digest, digest_of({Reading{kImport, kAt, MilliWattHours{6}}}));
}

TEST(Digest, OfASeriesIsThatOfItsReadingsWithoutTheirFlags) {
  Series series;
  series.push_back(kAt, MilliWattHours{5});
  series.push_back(kAt + Seconds{1800}, MilliWattHours{7}, {Arrival::later, ReadingStatus::held});
  Digest digest;
  digest.add(kImport, series);
  EXPECT_EQ(digest, digest_of({Reading{kImport, kAt, MilliWattHours{5}},
                               Reading{kImport, kAt + Seconds{1800}, MilliWattHours{7}}}));
}

RC_GTEST_PROP(DigestProperty, TheOrderDoesNotMatter, ()) {
  const auto values =
      *rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, kMaxRegister.count() + 1));
  std::vector<Reading> readings;
  for (std::size_t i = 0; i < values.size(); ++i)
    readings.emplace_back(i % 2 == 0 ? kImport : kExport, kAt + Seconds{static_cast<int>(i)},
                          MilliWattHours{values[i]});
  const Digest digest = digest_of(readings);
  std::mt19937_64 random{test_seed()};
  std::ranges::shuffle(readings, random);
  RC_ASSERT(digest == digest_of(readings));
}

}  // namespace
}  // namespace meterhouse

// Change records as a program of version 1 left them in the journal, one a line: every later one applies them to the
// same catalog.
#include <gmock/gmock.h>

#include <sstream>

#include "base/testing/golden.h"
#include "base/testing/temporary_directory.h"
#include "service/catalog_change.h"
#include "store/sqlite/sqlite_catalog.h"

namespace meterhouse {
namespace {

const MeterId kPlain = MeterId::from_number(0);
const MeterId kWhole = MeterId::from_number(MeterId::kMax);

std::string records_now() {
  const std::vector<Meter> meters = {
      {kPlain, "Central Region", "Bishan", "4-room", instant_from_epoch(1'740'052'800), {}, {}},
      {kWhole, "North-East", R"(a "quoted" \ area)", "公寓", kFirstInstant, "A-1", 6}};
  MeterPatch moved;
  moved.area = "Novena";
  moved.serial = "B-2";
  moved.register_digits = std::optional{9};
  MeterPatch unknown_digits;
  unknown_digits.region = "East Region";
  unknown_digits.dwelling_type = "3-room";
  unknown_digits.register_digits = std::optional<int>{};
  std::string lines;
  for (const std::string& record : encode_registrations(meters)) lines += record + "\n";
  lines += encode_patch(kPlain, moved) + "\n";
  lines += encode_patch(kWhole, unknown_digits) + "\n";
  return lines;
}

TEST(CatalogChangeGolden, OldRecordsAreAppliedForEverAndWrittenTheSame) {
  const std::string written = records_now();
  const std::string golden = golden_text("catalog_changes_v1.ndjson", written);
  EXPECT_EQ(written, golden);

  const TemporaryDirectory directory;
  const ManualClock clock{kFirstInstant};
  const auto catalog = SqliteCatalog::open(directory.path() + "/catalog.sqlite", clock);
  ASSERT_TRUE(catalog) << catalog.error().message;
  for (int time = 0; time < 2; ++time) {  // applied again they change nothing
    std::istringstream lines{golden};
    for (std::string line; std::getline(lines, line);) {
      const auto applied = apply_change(**catalog, line);
      ASSERT_TRUE(applied) << line << ": " << applied.error().message;
    }
  }
  EXPECT_EQ((*catalog)->meter(kPlain).value(),
            (Meter{kPlain, "Central Region", "Novena", "4-room", instant_from_epoch(1'740'052'800), "B-2", 9}));
  EXPECT_EQ((*catalog)->meter(kWhole).value(),
            (Meter{kWhole, "East Region", R"(a "quoted" \ area)", "3-room", kFirstInstant, "A-1", {}}));
}

}  // namespace
}  // namespace meterhouse

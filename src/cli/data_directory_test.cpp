#include "cli/data_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/testing/temporary_directory.h"

namespace meterhouse::cli {
namespace {

using testing::HasSubstr;

// A data directory whose journal is shipped beside it.
class ShippedDirectory : public testing::Test {
 protected:
  using Opened = Result<std::unique_ptr<DataDirectory>>;

  std::string path(const std::string& name) const { return folder.path() + "/" + name; }

  Opened open(ShippingMode mode, const std::string& backups = "backups") {
    DataDirectory::Options options;
    options.backup_directory = path(backups);
    options.shipping = mode;
    options.on_background_error = [this](const Error& error) { told += error.message + "\n"; };
    return DataDirectory::open(path("data"), site, posix_file_system(), clock, std::move(options));
  }

  // Batches of one reading that no other has.
  void append(DataDirectory& data, int batches) {
    for (; batches > 0; --batches, ++sent) {
      const SeriesKey key{MeterId::from_number(100'000'001), Channel::import_};
      const auto counts =
          data.readings().append_and_wait({Reading{key, clock.now() + Seconds{sent}, MilliWattHours{1'000 * sent}}});
      ASSERT_TRUE(counts.has_value()) << counts.error().message;
    }
  }

  TemporaryDirectory folder;
  const SystemClock clock;
  const Site site;
  int sent = 0;
  std::string told;
};

TEST_F(ShippedDirectory, CloseTellsWhatCouldNotBeDone) {
  const auto data = open(ShippingMode::every_second);
  ASSERT_TRUE(data.has_value()) << data.error().message;
  std::filesystem::remove(path("backups/journal"));
  std::ofstream{path("backups/journal")} << "in the way";
  append(**data, 1);
  const auto closed = (*data)->close();
  ASSERT_FALSE(closed.has_value());
  EXPECT_THAT(closed.error().message, HasSubstr("everything is stored and folded, but the last frames"));
}

// A copy of the disk was put back: what was acknowledged since then is in the backups, and other frames must not come
// under its numbers.
TEST_F(ShippedDirectory, AnOlderCopyIsNotGoneOnWith) {
  {
    const auto data = open(ShippingMode::every_batch);
    append(**data, 2);
  }
  std::filesystem::copy(path("data"), path("copy"), std::filesystem::copy_options::recursive);
  {
    const auto data = open(ShippingMode::every_batch);
    append(**data, 2);
  }
  std::filesystem::remove_all(path("data"));
  std::filesystem::rename(path("copy"), path("data"));
  for (const auto mode : {ShippingMode::every_batch, ShippingMode::off}) {
    const auto data = open(mode);
    ASSERT_FALSE(data.has_value());
    EXPECT_EQ(data.error().code, Errc::conflict);
    EXPECT_THAT(data.error().message, HasSubstr("/backups is of a later moment than the store (frame 4 of readings "
                                                "against 2)"));
  }
  EXPECT_TRUE(open(ShippingMode::every_batch, "others").has_value());
}

// What a fold lets go of is shipped by then, not only within the second.
TEST_F(ShippedDirectory, ACrashBehindAFoldLeavesNoGap) {
  {
    const auto data = open(ShippingMode::every_second);
    append(**data, 2);
    ASSERT_TRUE((*data)->readings().fold());
  }  // as a crash
  const auto data = open(ShippingMode::every_second);
  EXPECT_EQ((*data)->shipper()->stats().missing[0], std::nullopt);
  EXPECT_EQ(told, "");
}

TEST_F(ShippedDirectory, FramesThatWereFoldedUnshippedAreToldUntilABackupHasThem) {
  {
    const auto data = open(ShippingMode::every_second);
    append(**data, 2);
    ASSERT_TRUE((*data)->close());
  }
  {
    const auto imported = open(ShippingMode::off);
    append(**imported, 2);
    ASSERT_TRUE((*imported)->close());
  }
  for (int i = 0; i < 2; ++i) {  // also at the next start, where pieces lie behind the gap
    told.clear();
    const auto data = open(ShippingMode::every_second);
    const auto missing = (*data)->shipper()->stats().missing[0];
    ASSERT_TRUE(missing.has_value()) << i;
    EXPECT_THAT(told, HasSubstr(missing_text(FrameStream::readings, *missing)));
    append(**data, 2);
    ASSERT_TRUE((*data)->shipper()->flush());
    (*data)->shipper()->note_backup(missing->last - 1, 0);
    EXPECT_EQ((*data)->shipper()->stats().missing[0], (ShippedGap{missing->last, missing->last}));
    (*data)->shipper()->note_backup(missing->last, 0);
    EXPECT_EQ((*data)->shipper()->stats().missing[0], std::nullopt);
  }
}

}  // namespace
}  // namespace meterhouse::cli

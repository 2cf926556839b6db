#include "service/jobs/online_backup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/testing/temporary_directory.h"
#include "store/contract/must.h"
#include "store/embedded/embedded_store.h"
#include "store/embedded/snapshot_digest.h"
#include "store/sqlite/sqlite_catalog.h"

namespace meterhouse {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// The first segment there, with one bit in its middle the other way round.
void flip_a_bit(const std::string& directory) {
  const auto path = std::filesystem::directory_iterator { directory } -> path();
  std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
  const auto middle = static_cast<std::streamoff>(std::filesystem::file_size(path) / 2);
  const auto byte = static_cast<char>(file.seekg(middle).get() ^ 1);
  file.seekp(middle).put(byte);
}

class OnlineBackups : public testing::Test, public StepContext {
 protected:
  void progress(double) override {}
  bool stopping() const override { return stopping_ = stopping_ || (stops_in_ && asked_++ == *stops_in_); }
  // Asked for the so-many-th time from now on (0: the next), it says that the program ends.
  void stop_in(std::optional<int> asked) {
    stops_in_ = asked;
    asked_ = 0;
    stopping_ = false;
  }
  // Stops in each place there is; how many those are. Each time the step is run again, and succeeds.
  int stop_everywhere(const std::function<Result<std::string>()>& step) {
    for (int at = 0;; ++at) {
      SCOPED_TRACE(at);
      stop_in(at);
      const auto stopped = step();
      const bool asked = stopping_;
      stop_in(std::nullopt);
      if (!asked) return at;
      EXPECT_EQ(code_of(stopped), Errc::unavailable);
      EXPECT_TRUE(step().has_value());
      if (HasFailure()) return at;
    }
  }

  void append(int count = 100) {
    std::vector<Reading> batch;
    for (; count > 0; --count, ++appended_)
      batch.emplace_back(SeriesKey{MeterId::from_number(100'000'001), Channel::import_},
                         kStart + Seconds{1'800} * appended_, MilliWattHours{appended_ * 317});
    must(store_->append_and_wait(std::move(batch)));
    must(store_->fold());
  }
  OnlineBackup::Parts parts() {
    return {.files = posix_file_system(),
            .clock = clock_,
            .directory = folder_.path() + "/backups",
            .store = *StoreId::parse(std::string(32, '1')),
            .readings = *store_,
            .catalog = *catalog_,
            .registry = registry_,
            .digest_of = digest_of,
            .digest_of_meters = [](const std::string&, auto) { return Result<Digest>{Digest{}}; },
            .replay = nullptr,
            .settle = nullptr,
            .digests_of_directory = nullptr,
            .free_bytes = nullptr};
  }
  // A second later.
  std::string back_up(OnlineBackup& backups) {
    clock_.advance(Seconds{1});
    must(backups.create(*this));
    return must(backups.verify_newest(*this));
  }
  std::vector<bool> whole(const OnlineBackup& backups) {
    std::vector<bool> whole;
    for (const ListedBackup& backup : must(backups.list())) whole.push_back(backup.damage.empty());
    return whole;
  }

  static constexpr Instant kStart = instant_from_epoch(1'740'047'400);  // 2025-02-20T10:30:00Z
  TemporaryDirectory folder_;
  ManualClock clock_{kStart};
  std::unique_ptr<SqliteCatalog> catalog_ = must(SqliteCatalog::open(folder_.path() + "/catalog.sqlite", clock_));
  std::unique_ptr<EmbeddedReadingStore> store_ = [this] {
    EmbeddedOptions options{.directory = folder_.path() + "/data", .calendar = *SiteCalendar::of("Asia/Singapore")};
    options.threads = StoreThreads::none;
    return must(EmbeddedReadingStore::open(posix_file_system(), clock_, std::move(options)));
  }();
  const Site site_;
  MeterDirectory directory_;
  Registry registry_{site_, clock_, *catalog_, *store_, directory_};
  int appended_ = 0;
  std::optional<int> stops_in_;
  mutable int asked_ = 0;
  mutable bool stopping_ = false;
};

TEST_F(OnlineBackups, ADamagedSharedSegmentIsCopiedAgainFromTheStore) {
  append();
  OnlineBackup backups{parts()};
  EXPECT_EQ(backups.newest(), std::nullopt);
  EXPECT_THAT(back_up(backups), HasSubstr("sound"));
  EXPECT_EQ(backups.newest(), clock_.now());
  flip_a_bit(folder_.path() + "/backups/segments");
  const std::string outcome = back_up(backups);
  EXPECT_THAT(outcome, HasSubstr("backup-20250220T103002Z is damaged"));
  EXPECT_THAT(outcome, HasSubstr("its bytes have changed"));
  EXPECT_THAT(outcome, HasSubstr("made again: backup-20250220T103002Z-2: "));
  EXPECT_THAT(whole(backups), ElementsAre(true, true, true));
  EXPECT_THAT(back_up(backups), testing::StartsWith("backup-20250220T103003Z: "));
  EXPECT_EQ(backups.newest(), clock_.now());
}

TEST_F(OnlineBackups, ADamagedOneIsToldAndIsNotTheNewest) {
  append();
  OnlineBackup backups{parts()};
  back_up(backups);
  clock_.advance(Seconds{1});
  must(backups.create(*this));
  flip_a_bit(folder_.path() + "/backups/segments");
  flip_a_bit(folder_.path() + "/data/segments");
  const auto checked = backups.verify_newest(*this);
  ASSERT_FALSE(checked.has_value());
  EXPECT_THAT(checked.error().message, HasSubstr("is damaged"));
  EXPECT_THAT(checked.error().message, HasSubstr("made again: "));
  EXPECT_THAT(whole(backups), ElementsAre(false, false));
  EXPECT_THAT(must(backups.list()).front().damage, HasSubstr("found damaged, and set aside"));
  EXPECT_EQ(backups.newest(), std::nullopt);
  EXPECT_EQ((OnlineBackup{parts()}.newest()), std::nullopt);
}

TEST_F(OnlineBackups, OldOnesGoOnceTheNewOneIsKnownToBeSound) {
  append();
  OnlineBackup::Parts keeping = parts();
  keeping.kept = 2;
  OnlineBackup backups{keeping};
  for (int day = 0; day < 4; ++day) {
    const std::string outcome = back_up(backups);
    EXPECT_EQ(outcome.ends_with("1 old ones removed"), day >= 2) << outcome;
    clock_.advance(date::days{1});
  }
  EXPECT_EQ(whole(backups).size(), 2U);
}

TEST_F(OnlineBackups, AStepThatIsToStopDoesSoBetweenTwoFilesAndIsRunAgain) {
  append();
  OnlineBackup backups{parts()};
  EXPECT_GE(stop_everywhere([&] { return backups.create(*this); }), 4);
  const auto all = whole(backups);
  EXPECT_GE(stop_everywhere([&] { return backups.verify_newest(*this); }), 4);
  EXPECT_EQ(whole(backups), all);
  EXPECT_THAT(all, testing::Each(true));
  EXPECT_THAT(must(posix_file_system().list(folder_.path() + "/backups")),
              testing::Not(testing::Contains(HasSubstr(".part"))));
}

}  // namespace
}  // namespace meterhouse

#include "store/embedded/embedded_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "base/check.h"
#include "base/testing/simulated_disk.h"
#include "base/testing/temporary_directory.h"
#include "store/contract/readings_contract.h"

namespace meterhouse {
namespace {

SiteCalendar singapore() { return SiteCalendar::of("Asia/Singapore").value(); }

// A store in a directory of its own, on the real disk or a simulated one.
class EmbeddedPlace final : public ReadingStorePlace {
 public:
  struct Setting {
    enum class Disk : std::uint8_t { real, simulated } disk;
    StoreThreads threads;
    std::uint64_t head_budget_bytes;
  };

  explicit EmbeddedPlace(Setting setting) : setting_(setting) {
    if (setting.disk == Setting::Disk::real) directory_ = temporary_.emplace().path();
    open();
  }

  ReadingStore& store() override { return *store_; }
  ManualClock& clock() override { return clock_; }
  void reopen() override {
    const auto done = store_->close();
    EXPECT_TRUE(done || done.error().code == Errc::unavailable) << done.error().message;  // the test may have closed it
    store_.reset();
    open();
  }
  bool crash() override {
    store_.reset();
    if (setting_.disk == Setting::Disk::simulated) disk_.crash();
    open();
    return true;
  }

 private:
  void open() {
    FileSystem& files = setting_.disk == Setting::Disk::real ? posix_file_system() : disk_;
    EmbeddedOptions options{.directory = directory_, .calendar = singapore()};
    options.head_budget_bytes = setting_.head_budget_bytes;
    options.journal_file_bytes = std::uint64_t{256} << 10;
    options.threads = setting_.threads;
    auto store = EmbeddedReadingStore::open(files, clock_, std::move(options));
    MH_CHECK(store);
    store_ = std::move(*store);
  }

  Setting setting_;
  SimulatedDisk disk_;
  ManualClock clock_{kContractNow};
  std::optional<TemporaryDirectory> temporary_;  // of the real disk; outlives the store
  std::string directory_ = "data";
  std::unique_ptr<EmbeddedReadingStore> store_;
};

ReadingsContractStore place(const char* name, EmbeddedPlace::Setting setting) {
  return {name, [setting] { return std::make_unique<EmbeddedPlace>(setting); }};
}

using Disk = EmbeddedPlace::Setting::Disk;
constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

INSTANTIATE_TEST_SUITE_P(Embedded, ReadingsContract,
                         testing::Values(place("on_disk", {Disk::real, StoreThreads::own, 64 * kMiB}),
                                         place("simulated", {Disk::simulated, StoreThreads::own, 64 * kMiB}),
                                         place("small_head", {Disk::simulated, StoreThreads::own, kMiB / 4})),
                         [](const auto& store) { return store.param.name; });

}  // namespace
}  // namespace meterhouse

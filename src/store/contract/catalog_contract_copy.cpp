#include <gmock/gmock.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/testing/temporary_directory.h"
#include "store/contract/catalog_contract.h"
#include "store/contract/event_pages.h"

namespace meterhouse {
namespace {

using testing::IsEmpty;

constexpr Instant kNoon = instant_from_epoch(1'740'052'800);
constexpr date::local_days kDay{date::days{20'139}};

Meter meter_of(std::uint32_t number) {
  return {MeterId::from_number(number), "Central", "Bishan", "4-room", kNoon, "", std::nullopt};
}

std::vector<Event> events_of(std::size_t count) {
  return std::vector<Event>(count, Event{.at = kNoon, .type = "system", .message = "something happened"});
}

TEST_P(CatalogContract, StateIsKeptUnderItsName) {
  EXPECT_EQ(must(catalog().state("maintenance")), std::nullopt);
  must(catalog().clear_state("maintenance"));
  must(catalog().set_state("maintenance", "{\"until\":1}"));
  must(catalog().set_state("last 关闭 'day'", ""));
  must(catalog().set_state("maintenance", "维护"));
  for (int opened = 0; opened < 2; ++opened) {
    EXPECT_EQ(must(catalog().state("maintenance")), "维护");
    EXPECT_EQ(must(catalog().state("last 关闭 'day'")), "");
    EXPECT_EQ(must(catalog().state("Maintenance")), std::nullopt);
    place().reopen();
  }
  must(catalog().clear_state("maintenance"));
  EXPECT_EQ(must(catalog().state("maintenance")), std::nullopt);
  EXPECT_EQ(must(catalog().state("last 关闭 'day'")), "");
}

TEST_P(CatalogContract, ACopyHasEverythingAndIsOneFile) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/a copy.sqlite";
  must(catalog().register_meters(std::vector{meter_of(1), meter_of(2)}));
  const auto events = must(catalog().add_events(events_of(3)));
  const std::int64_t run = must(catalog().begin_job_run({.job = "daily", .started = kNoon, .steps = {{"fold"}}}));
  must(catalog().close_day({.day = kDay, .closed_at = kNoon}, std::vector{DayTotal{.region = "R", .area = "A"}}));
  must(catalog().touch_days(std::vector{kDay}, 4));
  must(catalog().set_state("name", "value"));
  must(catalog().copy_to(path));
  must(catalog().add_events(events_of(1)));

  EXPECT_EQ(std::distance(std::filesystem::directory_iterator{directory.path()}, {}), 1);
  const auto copy = place().open_copy(path);
  EXPECT_EQ(must(copy->meter(MeterId::from_number(2))), meter_of(2));
  EXPECT_EQ(all_events(*copy, {}, EventOrder::oldest_first, 10), events);
  EXPECT_EQ(must(copy->job_run(run)), must(catalog().job_run(run)));
  EXPECT_EQ(must(copy->closed_day(kDay)), must(catalog().closed_day(kDay)));
  EXPECT_EQ(must(copy->day_totals(kDay)), must(catalog().day_totals(kDay)));
  EXPECT_EQ(must(copy->touched_days(kDay, kDay + date::days{1}, 10)).size(), 1u);
  EXPECT_EQ(must(copy->state("name")), "value");
  EXPECT_EQ(must(copy->add_events(events_of(1))).front().id, 4) << "and goes on where it left off";
}

TEST_P(CatalogContract, ACopyOverwritesNoFile) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/copy";
  std::ofstream{path} << "something of another program";
  EXPECT_EQ(code_of(catalog().copy_to(path)), Errc::conflict);
  std::ifstream file{path};
  EXPECT_EQ((std::string{std::istreambuf_iterator<char>{file}, {}}), "something of another program");
  EXPECT_EQ(code_of(catalog().copy_to(directory.path() + "/none/copy")), Errc::io);
}

// One writes meters, then as many events, over and over. Each copy is as at one moment between two writes.
TEST_P(CatalogContract, ACopyWhileOthersWriteIsAsOfOneMoment) {
  constexpr std::uint32_t kBatch = 50;
  const TemporaryDirectory directory;
  std::atomic<bool> copying{true};
  std::atomic<std::uint32_t> written{0};
  std::thread writer{[&] {
    for (std::uint32_t first = 0; copying; first += kBatch) {
      std::vector<Meter> meters;
      for (std::uint32_t i = 0; i < kBatch; ++i) meters.push_back(meter_of(first + i));
      EXPECT_FALSE(code_of(catalog().register_meters(meters)));
      EXPECT_FALSE(code_of(catalog().add_events(events_of(kBatch))));
      written = first + kBatch;
    }
  }};
  for (int i = 0; i < 6; ++i) {
    SCOPED_TRACE(i);
    const std::string path = directory.path() + fmt::format("/copy-{}", i);
    const std::uint32_t at_least = written;
    EXPECT_FALSE(code_of(catalog().copy_to(path)));
    const auto copy = place().open_copy(path);
    const std::uint64_t meters = must(copy->meter_count());
    const auto newest = must(copy->events({}, EventOrder::newest_first, std::nullopt, 1)).events;
    const auto events = newest.empty() ? 0 : static_cast<std::uint64_t>(newest.front().id);
    EXPECT_GE(events, at_least);
    EXPECT_EQ(meters % kBatch, 0u);
    EXPECT_TRUE(events == meters || events + kBatch == meters) << events << " events, " << meters << " meters";
    while (written == at_least) std::this_thread::yield();
  }
  copying = false;
  writer.join();
}

TEST_P(CatalogContract, AfterCloseThereIsNoStateAndNoCopy) {
  const TemporaryDirectory directory;
  must(catalog().close());
  EXPECT_EQ(code_of(catalog().state("name")), Errc::unavailable);
  EXPECT_EQ(code_of(catalog().set_state("name", "value")), Errc::unavailable);
  EXPECT_EQ(code_of(catalog().clear_state("name")), Errc::unavailable);
  EXPECT_EQ(code_of(catalog().copy_to(directory.path() + "/copy")), Errc::unavailable);
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

}  // namespace
}  // namespace meterhouse

#include "store/contract/catalog_contract.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

#include "store/contract/random.h"

namespace meterhouse {

// For the messages of failing tests.
void PrintTo(const Meter& meter, std::ostream* out) {
  *out << fmt::format("{} {}/{}/{} at {} serial '{}' digits {}", meter.id.text(), meter.region, meter.area,
                      meter.dwelling_type, epoch_seconds(meter.registered_at), meter.serial,
                      meter.register_digits.value_or(0));
}

namespace {

using Registration = Catalog::Registration;
using testing::ElementsAre;

MeterId id_of(std::uint32_t number) { return MeterId::from_number(number); }

Meter meter_of(std::uint32_t number, std::string region = "Central", std::string area = "Bishan",
               std::string dwelling_type = "4-room") {
  return {id_of(number),
          std::move(region),
          std::move(area),
          std::move(dwelling_type),
          instant_from_epoch(1'740'052'800),
          "",
          std::nullopt};
}

std::vector<Meter> all_of(const Catalog& catalog) {
  std::vector<Meter> meters;
  must(catalog.for_each_meter([&](const Meter& meter) -> Status {
    meters.push_back(meter);
    return {};
  }));
  return meters;
}

std::vector<std::uint32_t> numbers_of(const std::vector<Meter>& meters) {
  std::vector<std::uint32_t> numbers;
  for (const Meter& meter : meters) numbers.push_back(meter.id.number());
  return numbers;
}

// Every page of the list, joined; each but the last is full.
std::vector<Meter> pages_of(const Catalog& catalog, const MeterFilter& filter, std::size_t limit) {
  std::vector<Meter> meters;
  std::optional<MeterId> after;
  do {
    const MeterPage page = must(catalog.meters(filter, after, limit));
    if (page.next) {
      EXPECT_EQ(page.meters.size(), limit);
    }
    meters.insert(meters.end(), page.meters.begin(), page.meters.end());
    after = page.next;
  } while (after);
  return meters;
}

TEST_P(CatalogContract, AnEmptyCatalogHasNothing) {
  EXPECT_EQ(code_of(catalog().meter(id_of(1))), Errc::not_found);
  EXPECT_EQ(code_of(catalog().patch_meter(id_of(1), {})), Errc::not_found);
  EXPECT_TRUE(all_of(catalog()).empty());
  EXPECT_EQ(must(catalog().meter_count()), 0u);
  const MeterPage page = must(catalog().meters({}, std::nullopt, 10));
  EXPECT_TRUE(page.meters.empty());
  EXPECT_FALSE(page.next);
  EXPECT_TRUE(must(catalog().register_meters({})).empty());
}

TEST_P(CatalogContract, KeepsEveryFieldOfAMeter) {
  Meter full = meter_of(999'999'999, "北区", "O'Neill \"Bight\"; --", "1-room / 2-room");
  full.serial = "序列号 42 \\ %_";
  full.register_digits = 6;
  Meter bare = meter_of(0, "", "", "");
  bare.registered_at = kFirstInstant;
  EXPECT_THAT(must(catalog().register_meters(std::vector{full, bare})),
              ElementsAre(Registration::registered, Registration::registered));
  for (int opened = 0; opened < 2; ++opened) {
    EXPECT_EQ(must(catalog().meter(full.id)), full);
    EXPECT_EQ(must(catalog().meter(bare.id)), bare);
    EXPECT_THAT(all_of(catalog()), ElementsAre(bare, full));
    EXPECT_EQ(must(catalog().meter_count()), 2u);
    place().reopen();
  }
}

TEST_P(CatalogContract, AMeterThatExistsStaysAsItIs) {
  EXPECT_THAT(must(catalog().register_meters(std::vector{meter_of(5)})), ElementsAre(Registration::registered));
  const std::vector<Meter> again{meter_of(7, "East"), meter_of(5, "West"), meter_of(7, "West"), meter_of(6)};
  EXPECT_THAT(must(catalog().register_meters(again)), ElementsAre(Registration::registered, Registration::exists,
                                                                  Registration::exists, Registration::registered));
  EXPECT_EQ(must(catalog().meter(id_of(5))).region, "Central");
  EXPECT_EQ(must(catalog().meter(id_of(7))).region, "East");
  EXPECT_EQ(must(catalog().meter_count()), 3u);
}

TEST_P(CatalogContract, APatchChangesWhatItNamesAndNothingElse) {
  Meter meter = meter_of(5);
  meter.register_digits = 5;
  must(catalog().register_meters(std::vector{meter, meter_of(6)}));
  struct Case {
    const char* name;
    MeterPatch patch;
    std::function<void(Meter&)> expected;
  };
  const std::vector<Case> cases{
      {"nothing", {}, [](Meter&) {}},
      {"region and area", {.region = "East", .area = "Bedok"}, [](Meter& m) { m.region = "East", m.area = "Bedok"; }},
      {"dwelling type", {.dwelling_type = "3-room"}, [](Meter& m) { m.dwelling_type = "3-room"; }},
      {"serial", {.serial = "A-1"}, [](Meter& m) { m.serial = "A-1"; }},
      {"digits", {.register_digits = 8}, [](Meter& m) { m.register_digits = 8; }},
      {"no digits any more", {.register_digits = std::optional<int>{}}, [](Meter& m) { m.register_digits.reset(); }},
      {"no serial any more", {.serial = ""}, [](Meter& m) { m.serial.clear(); }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    c.expected(meter);
    EXPECT_EQ(must(catalog().patch_meter(meter.id, c.patch)), meter);
    EXPECT_EQ(must(catalog().meter(meter.id)), meter);
  }
  EXPECT_EQ(must(catalog().meter(id_of(6))), meter_of(6));
  place().reopen();
  EXPECT_EQ(must(catalog().meter(meter.id)), meter);
}

TEST_P(CatalogContract, ListsAreFilteredAndPagedById) {
  must(catalog().register_meters(
      std::vector{meter_of(300'000'000, "East", "Bedok", "3-room"), meter_of(1, "Central", "Newton", "4-room"),
                  meter_of(123'456'789, "East", "Bedok", "4-room"), meter_of(123'000'000, "East", "Changi", "4-room"),
                  meter_of(12, "Central", "Bishan", "3-room"), meter_of(123'999'999)}));
  struct Case {
    const char* name;
    MeterFilter filter;
    std::vector<std::uint32_t> expected;
  };
  const std::vector<Case> cases{
      {"no filter", {}, {1, 12, 123'000'000, 123'456'789, 123'999'999, 300'000'000}},
      {"region", {.region = "East"}, {123'000'000, 123'456'789, 300'000'000}},
      {"area", {.area = "Bishan"}, {12, 123'999'999}},
      {"dwelling type", {.dwelling_type = "3-room"}, {12, 300'000'000}},
      {"all of them", {.region = "East", .area = "Bedok", .dwelling_type = "4-room"}, {123'456'789}},
      {"an area of another region", {.region = "Central", .area = "Bedok"}, {}},
      {"case counts", {.region = "east"}, {}},
      {"no pattern", {.region = "%"}, {}},
      {"first digits", {.id_prefix = "123"}, {123'000'000, 123'456'789, 123'999'999}},
      {"leading zeros", {.id_prefix = "0000000"}, {1, 12}},
      {"the whole id", {.id_prefix = "000000012"}, {12}},
      {"no digits at all", {.id_prefix = ""}, {1, 12, 123'000'000, 123'456'789, 123'999'999, 300'000'000}},
      {"too many digits", {.id_prefix = "0000000121"}, {}},
      {"not digits", {.id_prefix = "12x"}, {}},
      {"digits and region", {.region = "East", .id_prefix = "123"}, {123'000'000, 123'456'789}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    for (const std::size_t limit : {std::size_t{1}, std::size_t{2}, std::size_t{3}, Catalog::kMaxPage})
      EXPECT_EQ(numbers_of(pages_of(catalog(), c.filter, limit)), c.expected);
  }
  EXPECT_FALSE(must(catalog().meters({}, std::nullopt, 6)).next);
  EXPECT_EQ(must(catalog().meters({}, std::nullopt, 5)).next, id_of(123'999'999));
  EXPECT_TRUE(must(catalog().meters({}, id_of(MeterId::kMax), 5)).meters.empty());
  EXPECT_EQ(numbers_of(must(catalog().meters({}, id_of(2), 1)).meters), std::vector<std::uint32_t>{12});
}

TEST_P(CatalogContract, AFailedVisitEndsTheWalkWithItsError) {
  must(catalog().register_meters(std::vector{meter_of(1), meter_of(2), meter_of(3)}));
  int visits = 0;
  const Status walked = catalog().for_each_meter([&](const Meter&) -> Status {
    if (++visits == 2) return Error{Errc::conflict, "enough"};
    return {};
  });
  EXPECT_EQ(code_of(walked), Errc::conflict);
  EXPECT_EQ(visits, 2);
}

TEST_P(CatalogContract, AVisitorMayAskAndChangeTheCatalog) {
  must(catalog().register_meters(std::vector{meter_of(1), meter_of(2)}));
  must(catalog().for_each_meter([&](const Meter& meter) -> Status {
    EXPECT_EQ(must(catalog().meter(meter.id)).id, meter.id);
    EXPECT_EQ(must(catalog().meters({}, std::nullopt, 10)).meters.size(), 2u);
    return code_of(catalog().patch_meter(meter.id, {.serial = "seen"})) ? Status{Error{Errc::io, "patch"}} : Status{};
  }));
  for (const Meter& meter : all_of(catalog())) {
    EXPECT_EQ(meter.serial, "seen");
  }
}

TEST_P(CatalogContract, ReadersSeeAllOfARegistrationOrNothing) {
  constexpr std::uint32_t kBatch = 2'000;
  std::atomic<bool> registered{false};
  std::thread registering{[&] {
    for (std::uint32_t batch = 0; batch < 5; ++batch) {
      std::vector<Meter> meters;
      for (std::uint32_t i = 0; i < kBatch; ++i) meters.push_back(meter_of(batch * kBatch + i));
      EXPECT_FALSE(code_of(catalog().register_meters(meters)));
    }
    registered = true;
  }};
  while (!registered) {
    EXPECT_EQ(must(catalog().meter_count()) % kBatch, 0u);
  }
  registering.join();
  EXPECT_EQ(must(catalog().meter_count()), 5 * kBatch);
}

TEST_P(CatalogContract, OfRacingRegistrationsExactlyOneWins) {
  constexpr int kThreads = 4;
  constexpr std::uint32_t kMeters = 40;
  std::atomic<std::uint32_t> won{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread)
    threads.emplace_back([&] {
      for (std::uint32_t number = 0; number < kMeters; number += 2) {
        const auto results = catalog().register_meters(std::vector{meter_of(number), meter_of(number + 1)});
        EXPECT_FALSE(code_of(results));
        if (results) won += static_cast<std::uint32_t>(std::ranges::count(*results, Registration::registered));
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(won.load(), kMeters);
  EXPECT_EQ(must(catalog().meter_count()), kMeters);
}

TEST_P(CatalogContract, AfterCloseEveryCallIsUnavailable) {
  must(catalog().register_meters(std::vector{meter_of(1)}));
  must(catalog().close());
  EXPECT_EQ(code_of(catalog().register_meters(std::vector{meter_of(2)})), Errc::unavailable);
  EXPECT_EQ(code_of(catalog().meter(id_of(1))), Errc::unavailable);
  EXPECT_EQ(code_of(catalog().meters({}, std::nullopt, 1)), Errc::unavailable);
  EXPECT_EQ(code_of(catalog().patch_meter(id_of(1), {})), Errc::unavailable);
  EXPECT_EQ(code_of(catalog().for_each_meter([](const Meter&) -> Status { return {}; })), Errc::unavailable);
  EXPECT_EQ(code_of(catalog().meter_count()), Errc::unavailable);
  EXPECT_EQ(code_of(catalog().close()), Errc::unavailable);
  place().reopen();
  EXPECT_EQ(must(catalog().meter(id_of(1))), meter_of(1));
}

TEST_P(CatalogContract, AnswersLikeAMapAfterRandomOperations) {
  SCOPED_TRACE(fmt::format("MH_TEST_SEED={}", test_seed()));
  Random random{test_seed()};
  const std::vector<std::string> words{"Central", "East", "West", "North", "北"};
  std::map<std::uint32_t, Meter> model;
  const auto maybe_word = [&]() -> std::optional<std::string> {
    return random.one_in(2) ? std::nullopt : std::optional{random.pick(words)};
  };
  for (int i = 0; i < 500 && !HasFailure(); ++i) {
    SCOPED_TRACE(i);
    const auto dice = random.below(10);
    if (dice < 4) {
      std::vector<Meter> meters;
      for (std::uint64_t k = random.below(8); k > 0; --k)
        meters.push_back(meter_of(static_cast<std::uint32_t>(random.below(200)), random.pick(words), random.pick(words),
                                  random.pick(words)));
      const auto results = must(catalog().register_meters(meters));
      ASSERT_EQ(results.size(), meters.size());
      for (std::size_t k = 0; k < meters.size(); ++k) {
        const bool is_new = model.try_emplace(meters[k].id.number(), meters[k]).second;
        EXPECT_EQ(results[k], is_new ? Registration::registered : Registration::exists);
      }
    } else if (dice < 6) {
      const auto number = static_cast<std::uint32_t>(random.below(200));
      MeterPatch patch{.region = maybe_word(), .area = maybe_word(), .serial = maybe_word()};
      const auto patched = catalog().patch_meter(id_of(number), patch);
      const auto found = model.find(number);
      ASSERT_EQ(patched.has_value(), found != model.end());
      if (found == model.end()) continue;
      found->second.region = patch.region.value_or(found->second.region);
      found->second.area = patch.area.value_or(found->second.area);
      found->second.serial = patch.serial.value_or(found->second.serial);
      EXPECT_EQ(*patched, found->second);
    } else if (dice < 9) {
      const MeterFilter filter{.region = maybe_word(), .area = maybe_word(), .dwelling_type = maybe_word()};
      std::vector<Meter> expected;
      for (const auto& [number, meter] : model)
        if (meter.region == filter.region.value_or(meter.region) && meter.area == filter.area.value_or(meter.area) &&
            meter.dwelling_type == filter.dwelling_type.value_or(meter.dwelling_type))
          expected.push_back(meter);
      EXPECT_EQ(pages_of(catalog(), filter, 1 + random.below(50)), expected);
    } else if (random.one_in(5)) {
      place().reopen();
    }
  }
  EXPECT_EQ(must(catalog().meter_count()), model.size());
}

}  // namespace
}  // namespace meterhouse

#include "service/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "base/testing/temporary_directory.h"
#include "service/catalog_change.h"
#include "store/contract/must.h"
#include "store/memory/memory_readings.h"
#include "store/sqlite/sqlite_catalog.h"

namespace meterhouse {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Outcome = RegisterOutcome;

constexpr Instant kNow = instant_from_epoch(1'740'052'800);

MeterId id_of(std::uint32_t number) { return MeterId::from_number(number); }

Site two_regions() {
  return {.regions = {{"Central", {"Bishan", "Newton"}}, {"East", {"Bedok"}}}, .dwelling_types = {"3-room", "4-room"}};
}

NewMeter new_meter(std::uint32_t number) { return {id_of(number), "Central", "Bishan", "4-room", "", std::nullopt}; }

// Keeps the changes that the catalog's owner records, as the embedded store's journal does.
class JournalingStore final : public MemoryReadingStore {
 public:
  using MemoryReadingStore::MemoryReadingStore;

  void record_change(std::string change, RecordDone done) override {
    if (full) return done(Error{Errc::no_space, "the journal's disk is full"});
    changes.push_back(std::move(change));
    done({});
  }

  std::vector<std::string> changes;  // the registry records one at a time
  bool full = false;
};

class RegistryTest : public testing::Test {
 protected:
  std::unique_ptr<SqliteCatalog> open_catalog(const std::string& name) {
    return must(SqliteCatalog::open(fmt::format("{}/{}", directory_.path(), name), clock_));
  }
  static std::vector<Meter> all_of(const Catalog& catalog) {
    std::vector<Meter> meters;
    must(catalog.for_each_meter([&](const Meter& meter) -> Status {
      meters.push_back(meter);
      return {};
    }));
    return meters;
  }
  std::vector<Outcome> register_all(const std::vector<NewMeter>& meters) {
    return must(registry_.register_meters(meters)).outcomes;
  }
  void expect_journal_makes_the_same_catalog() {
    const auto replayed = open_catalog("replayed.sqlite");
    for (const std::string& change : store_.changes) must(apply_change(*replayed, change));
    EXPECT_EQ(all_of(*replayed), all_of(*catalog_));
  }

  TemporaryDirectory directory_;
  ManualClock clock_{kNow};
  const Site site_ = two_regions();
  std::unique_ptr<SqliteCatalog> catalog_ = open_catalog("catalog.sqlite");
  JournalingStore store_{clock_};
  MeterDirectory known_;
  Registry registry_{site_, clock_, *catalog_, store_, known_};
};

TEST_F(RegistryTest, TellsWhatBecameOfEachMeter) {
  register_all({new_meter(1)});
  struct Case {
    const char* name;
    NewMeter meter;
    Outcome outcome;
  };
  const auto meter = [](auto change) {
    NewMeter changed = new_meter(2);
    change(changed);
    return changed;
  };
  const std::vector<Case> cases{
      {"exists, whatever else is wrong", {id_of(1), "?", "?", "?", "\n", 99}, Outcome::exists},
      {"no such region", meter([](auto& m) { m.region = "West"; }), Outcome::unknown_area},
      {"an area of another region", meter([](auto& m) { m.region = "East"; }), Outcome::unknown_area},
      {"area before dwelling type", meter([](auto& m) { m.area = m.dwelling_type = "?"; }), Outcome::unknown_area},
      {"no such dwelling type", meter([](auto& m) { m.dwelling_type = "castle"; }), Outcome::unknown_dwelling_type},
      {"a serial at its bound is taken",
       {id_of(3), "East", "Bedok", "3-room", std::string(64, 'x'), 4},
       Outcome::registered},
      {"a serial past its bound", meter([](auto& m) { m.serial = std::string(65, 'x'); }), Outcome::invalid_serial},
      {"a control character", meter([](auto& m) { m.serial = "a\nb"; }), Outcome::invalid_serial},
      {"a serial cut within a letter", meter([](auto& m) { m.serial = "\xE5\x8C"; }), Outcome::invalid_serial},
      {"a letter in a longer form", meter([](auto& m) { m.serial = "\xC0\xAF"; }), Outcome::invalid_serial},
      {"a surrogate", meter([](auto& m) { m.serial = "\xED\xA0\x80"; }), Outcome::invalid_serial},
      {"past the last letter", meter([](auto& m) { m.serial = "\xF4\x90\x80\x80"; }), Outcome::invalid_serial},
      {"the last control of C1", meter([](auto& m) { m.serial = "\xC2\x9F"; }), Outcome::invalid_serial},
      {"an override of the direction", meter([](auto& m) { m.serial = "A\u202E1"; }), Outcome::invalid_serial},
      {"the first embedding", meter([](auto& m) { m.serial = "\u202A"; }), Outcome::invalid_serial},
      {"the first isolate", meter([](auto& m) { m.serial = "\u2066"; }), Outcome::invalid_serial},
      {"the last isolate", meter([](auto& m) { m.serial = "\u2069"; }), Outcome::invalid_serial},
      {"letters beside those",
       {id_of(4), "East", "Bedok", "3-room", "\u00A0\u2029\u202F\u2065\u206A", 4},
       Outcome::registered},
      {"3 digits", meter([](auto& m) { m.register_digits = 3; }), Outcome::invalid_register_digits},
      {"10 digits", meter([](auto& m) { m.register_digits = 10; }), Outcome::invalid_register_digits},
      {"all good", {id_of(2), "Central", "Newton", "4-room", "号 \U0001F50C", 9}, Outcome::registered},
      {"just registered", new_meter(2), Outcome::exists},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_THAT(register_all({c.meter}), ElementsAre(c.outcome));
  }
  EXPECT_EQ(registry_.meter_count(), 4u);
  EXPECT_EQ(must(registry_.meter(id_of(2))),
            (Meter{id_of(2), "Central", "Newton", "4-room", kNow, "号 \U0001F50C", 9}));
  expect_journal_makes_the_same_catalog();
}

TEST_F(RegistryTest, RegistersManyAtOnceEachWithItsResult) {
  std::vector<NewMeter> meters;
  for (std::uint32_t i = 0; i < 10'000; ++i) meters.push_back(new_meter(i / 2));  // each twice: over several pieces
  meters[6].area = "nowhere";                                                     // the first of its pair
  const auto outcomes = register_all(meters);
  ASSERT_THAT(outcomes, SizeIs(meters.size()));
  EXPECT_EQ(std::ranges::count(outcomes, Outcome::registered), 5'000);
  EXPECT_EQ(std::ranges::count(outcomes, Outcome::exists), 4'999);
  EXPECT_EQ(outcomes[6], Outcome::unknown_area);
  EXPECT_EQ(outcomes[7], Outcome::registered);
  EXPECT_EQ(known_.size(), 5'000u);
  expect_journal_makes_the_same_catalog();
}

TEST_F(RegistryTest, NothingIsRegisteredWithoutTheJournalOrTheCatalog) {
  store_.full = true;
  EXPECT_EQ(code_of(registry_.register_meters(std::vector{new_meter(1)})), Errc::no_space);
  EXPECT_FALSE(known_.contains(id_of(1)));
  EXPECT_EQ(code_of(registry_.meter(id_of(1))), Errc::not_found);

  store_.full = false;
  EXPECT_THAT(register_all({new_meter(1)}), ElementsAre(Outcome::registered));
  store_.full = true;
  EXPECT_EQ(code_of(registry_.patch(id_of(1), {.serial = "A-1"})), Errc::no_space);
  EXPECT_EQ(must(registry_.meter(id_of(1))).serial, "");

  store_.full = false;
  must(catalog_->close());
  EXPECT_EQ(code_of(registry_.register_meters(std::vector{new_meter(2)})), Errc::unavailable);
  EXPECT_FALSE(known_.contains(id_of(2)));
}

TEST_F(RegistryTest, PatchesWhatTheConfigurationAllows) {
  register_all({new_meter(1)});
  struct Case {
    const char* name;
    MeterPatch patch;
    std::optional<Errc> error;
  };
  const std::vector<Case> cases{
      {"nothing", {}, std::nullopt},
      {"an area of the meter's region", {.area = "Newton"}, std::nullopt},
      {"an area of another region", {.area = "Bedok"}, Errc::invalid_argument},
      {"a region without its area", {.region = "East"}, Errc::invalid_argument},
      {"region and area", {.region = "East", .area = "Bedok"}, std::nullopt},
      {"dwelling type", {.dwelling_type = "3-room"}, std::nullopt},
      {"no such dwelling type", {.dwelling_type = "castle"}, Errc::invalid_argument},
      {"serial and digits", {.serial = "A \"1\"", .register_digits = 6}, std::nullopt},
      {"a serial that is none", {.serial = std::string(1, '\0')}, Errc::invalid_argument},
      {"10 digits", {.register_digits = 10}, Errc::invalid_argument},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(code_of(registry_.patch(id_of(1), c.patch)), c.error);
  }
  EXPECT_EQ(code_of(registry_.patch(id_of(2), {.area = "Newton"})), Errc::not_found);
  EXPECT_EQ(must(registry_.meter(id_of(1))), (Meter{id_of(1), "East", "Bedok", "3-room", kNow, "A \"1\"", 6}));
  EXPECT_EQ(must(registry_.patch(id_of(1), {.register_digits = std::optional<int>{}})).register_digits, std::nullopt);
  EXPECT_THAT(store_.changes, SizeIs(6));  // the registration and the five patches that changed something
  expect_journal_makes_the_same_catalog();
}

TEST_F(RegistryTest, AReplayOverTheCatalogChangesNothing) {
  register_all({new_meter(1), new_meter(2)});
  must(registry_.patch(id_of(1), {.area = "Newton"}));
  must(registry_.patch(id_of(1), {.serial = "A-1", .register_digits = 5}));
  must(registry_.patch(id_of(1), {.area = "Bishan"}));
  const auto before = all_of(*catalog_);
  for (int time = 0; time < 2; ++time)
    for (const std::string& change : store_.changes) must(apply_change(*catalog_, change));
  EXPECT_EQ(all_of(*catalog_), before);
}

TEST_F(RegistryTest, LoadsTheDirectoryFromTheCatalog) {
  std::vector<NewMeter> meters;
  for (std::uint32_t i = 0; i < 9'000; ++i) meters.push_back(new_meter(i * 111'111));
  register_all(meters);
  MeterDirectory fresh;
  Registry restarted{site_, clock_, *catalog_, store_, fresh};
  must(restarted.load());
  EXPECT_EQ(fresh.size(), meters.size());
  EXPECT_TRUE(fresh.contains(meters.back().id));
  EXPECT_FALSE(fresh.contains(id_of(1)));
  EXPECT_THAT(must(restarted.register_meters(std::vector{new_meter(0)})).outcomes, ElementsAre(Outcome::exists));
  EXPECT_THAT(must(restarted.meters({.id_prefix = "0"}, std::nullopt, 5)).meters, SizeIs(5));
}

TEST_F(RegistryTest, RacingCallersAgreeWithTheJournal) {
  std::vector<std::thread> threads;
  for (const char* area : {"Bishan", "Newton"})
    threads.emplace_back([&, area] {
      for (std::uint32_t number = 0; number < 60; ++number) {
        NewMeter meter = new_meter(number);
        meter.area = area;
        EXPECT_FALSE(code_of(registry_.register_meters(std::vector{meter})));
        if (number % 3 == 0) {
          EXPECT_FALSE(code_of(registry_.patch(meter.id, {.serial = area})));
        }
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(registry_.meter_count(), 60u);
  expect_journal_makes_the_same_catalog();
}

TEST_F(RegistryTest, ChangesThatAreNoneAreRefusedAndChangeNothing) {
  const std::string good = R"({"change":"register_meters","meters":[{"id":"000000007","region":"a","area":"b",)"
                           R"("dwelling_type":"c","registered_at":1,"register_digits":6}]})";
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_EQ(code_of(apply_change(*catalog_, good.substr(0, length))), Errc::corruption) << length;
  }
  struct Case {
    const char* change;
    Errc error;
  };
  for (const Case& c :
       {Case{"[]", Errc::corruption}, Case{"{}", Errc::corruption}, Case{R"({"change":1})", Errc::corruption},
        Case{R"({"change":"exchange_meter"})", Errc::unavailable},
        Case{R"({"change":"register_meters"})", Errc::corruption},
        Case{R"({"change":"register_meters","meters":[1]})", Errc::corruption},
        Case{R"({"change":"register_meters","meters":[{"id":"7"}]})", Errc::corruption},
        Case{R"({"change":"patch_meter","id":"000000007","register_digits":3})", Errc::corruption},
        Case{R"({"change":"patch_meter","id":"000000007","area":null})", Errc::corruption},
        Case{R"({"change":"patch_meter","area":"x"})", Errc::corruption}}) {
    EXPECT_EQ(code_of(apply_change(*catalog_, c.change)), c.error) << c.change;
  }
  must(apply_change(*catalog_,
                    R"({"change":"patch_meter","id":"000000007","area":"x"})"));  // no such meter: nothing to do
  EXPECT_THAT(all_of(*catalog_), IsEmpty());
  must(apply_change(*catalog_, good));
  EXPECT_EQ(must(catalog_->meter(id_of(7))).register_digits, 6);
}

TEST(CatalogChange, RegistrationsAreCutIntoRecordsThatFitTheJournal) {
  std::vector<Meter> meters;
  for (std::uint32_t i = 0; i < 12'000; ++i)
    meters.push_back({id_of(i), std::string(100, '"'), "area", "type", kNow, std::string(64, '\x7F'), 6});
  const auto records = encode_registrations(meters);
  EXPECT_GT(records.size(), 2u);
  for (const std::string& record : records) EXPECT_LE(record.size(), std::size_t{1} << 20);
  EXPECT_THAT(encode_registrations({}), IsEmpty());
}

}  // namespace
}  // namespace meterhouse

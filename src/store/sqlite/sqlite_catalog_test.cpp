#include "store/sqlite/sqlite_catalog.h"

#include <gtest/gtest.h>

#include "base/testing/temporary_directory.h"
#include "store/contract/catalog_contract.h"

namespace meterhouse {
namespace {

class SqlitePlace final : public CatalogPlace {
 public:
  SqlitePlace() { open(); }
  Catalog& catalog() override { return *catalog_; }
  void reopen() override {
    (void)catalog_->close();
    open();
  }
  std::unique_ptr<Catalog> open_copy(const std::string& path) override {
    return must(SqliteCatalog::open(path, clock_));
  }

 private:
  void open() { catalog_ = must(SqliteCatalog::open(directory_.path() + "/catalog.sqlite", clock_)); }

  TemporaryDirectory directory_;
  ManualClock clock_{instant_from_epoch(1'740'052'800)};
  std::unique_ptr<SqliteCatalog> catalog_;
};

INSTANTIATE_TEST_SUITE_P(Sqlite, CatalogContract,
                         testing::Values(CatalogContractStore{"file", [] { return std::make_unique<SqlitePlace>(); }}));

TEST(SqliteCatalog, ReadersDoNotWaitForAWriter) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/catalog.sqlite";
  const ManualClock clock{instant_from_epoch(1'740'052'800)};
  const auto catalog = must(SqliteCatalog::open(path, clock));
  const Meter meter{MeterId::from_number(1), "Central", "Bishan", "4-room", clock.now(), "", std::nullopt};
  must(catalog->register_meters(std::vector{meter}));

  // Another connection is in the middle of a long write, and stays there.
  const auto writer = must(SqliteConnection::open(path, SqliteConnection::Access::write));
  auto writing = must(SqliteTransaction::begin(*writer));
  must(writer->execute("UPDATE meter SET serial = 'half done'"));
  EXPECT_EQ(must(catalog->meter(meter.id)), meter);
  EXPECT_EQ(must(catalog->meters({}, std::nullopt, 10)).meters, std::vector{meter});
  EXPECT_EQ(must(catalog->meter_count()), 1u);
  must(writing.commit());
  EXPECT_EQ(must(catalog->meter(meter.id)).serial, "half done");
}

TEST(SqliteCatalog, RefusesWhatTheSchemaForbids) {
  const TemporaryDirectory directory;
  const ManualClock clock{instant_from_epoch(1'740'052'800)};
  const auto catalog = must(SqliteCatalog::open(directory.path() + "/catalog.sqlite", clock));
  Meter meter{MeterId::from_number(1), "Central", "Bishan", "4-room", clock.now(), "", 6};
  Meter wrong = meter;
  wrong.id = MeterId::from_number(2);
  wrong.register_digits = 10;
  EXPECT_EQ(code_of(catalog->register_meters(std::vector{meter, wrong})), Errc::invalid_argument);
  EXPECT_EQ(must(catalog->meter_count()), 0u) << "all in one transaction";
  must(catalog->register_meters(std::vector{meter}));
  EXPECT_EQ(code_of(catalog->patch_meter(meter.id, {.register_digits = 3})), Errc::invalid_argument);
  EXPECT_EQ(must(catalog->meter(meter.id)), meter);
}

}  // namespace
}  // namespace meterhouse

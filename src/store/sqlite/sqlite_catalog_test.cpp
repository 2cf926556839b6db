#include "store/sqlite/sqlite_catalog.h"

#include <gtest/gtest.h>

#include "store/contract/catalog_contract.h"
#include "store/contract/temporary_directory.h"

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

 private:
  void open() { catalog_ = must(SqliteCatalog::open(directory_.path() + "/catalog.sqlite", clock_)); }

  TemporaryDirectory directory_;
  ManualClock clock_{instant_from_epoch(1'740'052'800)};
  std::unique_ptr<SqliteCatalog> catalog_;
};

INSTANTIATE_TEST_SUITE_P(Sqlite, CatalogContract,
                         testing::Values(CatalogContractStore{"file", [] { return std::make_unique<SqlitePlace>(); }}));

}  // namespace
}  // namespace meterhouse

#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "store/catalog.h"
#include "store/contract/must.h"

namespace meterhouse {

// A place of its own (a file, a schema of a server) that holds one catalog, empty at first and open.
class CatalogPlace {
 public:
  virtual ~CatalogPlace() = default;

  virtual Catalog& catalog() = 0;
  // Closes the catalog cleanly (unless the test did) and opens it again; catalog() is then the new one.
  virtual void reopen() = 0;
  // A catalog of its own from the file that copy_to wrote.
  virtual std::unique_ptr<Catalog> open_copy(const std::string& path) = 0;
};

// One kind of catalog under the contract. In its own test:
//   INSTANTIATE_TEST_SUITE_P(Sqlite, CatalogContract, testing::Values(CatalogContractStore{"file", make_place}));
// and link mh_catalog_contract.
struct CatalogContractStore {
  std::string name;
  std::function<std::unique_ptr<CatalogPlace>()> make;

  friend std::ostream& operator<<(std::ostream& out, const CatalogContractStore& store) { return out << store.name; }
};

// What catalog.h promises, sentence by sentence.
class CatalogContract : public testing::TestWithParam<CatalogContractStore> {
 protected:
  CatalogContract() : place_(GetParam().make()) {}

  CatalogPlace& place() { return *place_; }
  Catalog& catalog() { return place_->catalog(); }

 private:
  std::unique_ptr<CatalogPlace> place_;
};

}  // namespace meterhouse

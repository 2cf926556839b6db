#include "service/digests.h"

#include <gtest/gtest.h>

#include "service/catalog_change.h"
#include "store/contract/must.h"

namespace meterhouse {
namespace {

Meter meter(std::uint32_t id, const char* area = "Bishan") {
  return {MeterId::from_number(id), "Central Region", area, "4-room", instant_from_epoch(1'740'000'000), "A-1", 6};
}

WalkMeters over(const std::vector<Meter>& meters) {
  return [&meters](const MeterCatalog::VisitMeter& visit) -> Status {
    for (const Meter& one : meters)
      if (auto done = visit(one); !done) return done;
    return {};
  };
}

Digest digest(const std::vector<Meter>& meters, const std::vector<std::string>& changes = {}) {
  return must(digest_of_meters(over(meters), changes));
}

TEST(DigestOfMeters, HasEveryFieldButTheTimeOfRegistration) {
  const Meter one = meter(100'000'001);
  const auto differs = [&](auto change) {
    Meter other = one;
    change(other);
    return digest({other}) != digest({one});
  };
  EXPECT_TRUE(differs([](Meter& m) { m.id = MeterId::from_number(100'000'002); }));
  EXPECT_TRUE(differs([](Meter& m) { m.region = "x"; }));
  EXPECT_TRUE(differs([](Meter& m) { m.area = "x"; }));
  EXPECT_TRUE(differs([](Meter& m) { m.dwelling_type = "x"; }));
  EXPECT_TRUE(differs([](Meter& m) { m.serial = "x"; }));
  EXPECT_TRUE(differs([](Meter& m) { m.register_digits.reset(); }));
  EXPECT_FALSE(differs([](Meter& m) { m.registered_at += Seconds{1}; }));
  EXPECT_EQ(digest({meter(100'000'001), meter(100'000'002)}), digest({meter(100'000'002), meter(100'000'001)}));
}

TEST(DigestOfMeters, TakesChangesThatTheCatalogDoesNotHaveYet) {
  const std::vector<Meter> wanted{meter(100'000'001, "Yishun"), meter(100'000'002), meter(100'000'003)};
  const std::vector<Meter> late{meter(100'000'003)};
  std::vector<std::string> changes = encode_registrations(late);
  changes.push_back(encode_patch(MeterId::from_number(100'000'001), {.area = "Yishun"}));
  EXPECT_EQ(digest({meter(100'000'001), meter(100'000'002)}, changes), digest(wanted));
  EXPECT_EQ(digest(wanted, changes), digest(wanted)) << "they are in it already";
  EXPECT_EQ(code_of(digest_of_meters(over(wanted), std::vector<std::string>{"x"})), Errc::corruption);
}

}  // namespace
}  // namespace meterhouse

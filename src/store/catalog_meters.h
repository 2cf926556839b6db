#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"
#include "model/meter.h"

namespace meterhouse {

struct MeterFilter {
  std::optional<std::string> region = {};
  std::optional<std::string> area = {};
  std::optional<std::string> dwelling_type = {};
  std::optional<std::string> id_prefix = {};  // the first digits of the meter id
};

// Ascending by meter id.
struct MeterPage {
  std::vector<Meter> meters;
  std::optional<MeterId> next;  // pass as `after` for the following page; absent: this was the last
};

// What may be changed of a registered meter; absent: as it was.
struct MeterPatch {
  std::optional<std::string> region = {};
  std::optional<std::string> area = {};
  std::optional<std::string> dwelling_type = {};
  std::optional<std::string> serial = {};
  std::optional<std::optional<int>> register_digits = {};  // inner nullopt: not known any more
};

// The registered meters: a part of the Catalog (catalog.h), which says what holds of every call.
class MeterCatalog {
 public:
  static constexpr std::size_t kMaxPage = 1'000;

  virtual ~MeterCatalog() = default;

  enum class Registration : std::uint8_t { registered, exists };

  // Adds meters, all in one transaction. One result a meter, in order; `exists`: there is one with that id (also
  // earlier in the same call) and it stays as it is. That region, area and dwelling type are configured is the caller's
  // business.
  virtual Result<std::vector<Registration>> register_meters(std::span<const Meter> meters) = 0;

  // errors  not_found
  virtual Result<Meter> meter(MeterId id) const = 0;

  // The first `limit` (1..kMaxPage) meters that match, with an id greater than `after`.
  virtual Result<MeterPage> meters(const MeterFilter& filter, std::optional<MeterId> after,
                                   std::size_t limit) const = 0;

  // The changed meter. errors  not_found
  virtual Result<Meter> patch_meter(MeterId id, const MeterPatch& patch) = 0;

  // Every registered meter, ascending by id, streamed. A failed visit ends the walk with its error.
  using VisitMeter = std::function<Status(const Meter&)>;
  virtual Status for_each_meter(const VisitMeter& visit) const = 0;

  virtual Result<std::uint64_t> meter_count() const = 0;
};

}  // namespace meterhouse

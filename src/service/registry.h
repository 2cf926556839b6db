#pragma once

#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "model/meter.h"
#include "model/site.h"
#include "service/meter_directory.h"
#include "store/catalog.h"
#include "store/readings.h"

namespace meterhouse {

// What a caller says of a meter to be registered.
struct NewMeter {
  MeterId id;
  std::string region;
  std::string area;
  std::string dwelling_type;
  std::string serial;                  // may be empty
  std::optional<int> register_digits;  // 4..9
};

// What became of it; the reasons not to register are looked for in this order.
enum class RegisterOutcome : std::uint8_t {
  registered,
  exists,
  unknown_area,  // the configuration has no such area in that region
  unknown_dwelling_type,
  invalid_serial,  // over kMaxSerialBytes, or control characters
  invalid_register_digits,
};
// The field of the meter that a refusal is about: "area"; "meter_id" of the other outcomes.
std::string_view field_of(RegisterOutcome outcome);
std::string_view to_string(RegisterOutcome outcome);  // a sentence for an answer: "the meter is already registered"

// Registers meters and tells about them: the catalog keeps them, the journal has every change, the directory knows who
// is there. A change goes to the journal first, then to the catalog, then to the directory, so that a reading's meter
// is always in the journal before it, and a replay of the journal brings a catalog that lags behind up to date.
//   threads  any thread but an I/O thread: calls wait for the disk.
//            Changes are made one after the other;
//            whoever takes in readings asks the directory and waits for none of them.
class Registry {
 public:
  static constexpr std::size_t kMaxSerialBytes = 64;

  // All outlive the registry.
  Registry(const Site& site, const Clock& clock, Catalog& catalog, ReadingStore& store, MeterDirectory& directory)
      : site_(site), clock_(clock), catalog_(catalog), store_(store), directory_(directory) {}

  // Reads every registered meter into the directory. Once, before readings come in.
  Status load();

  struct Registrations {
    Instant at;                             // registered_at of those that are new
    std::vector<RegisterOutcome> outcomes;  // one a meter, in order
  };
  // Any number of meters. errors  io, no_space, unavailable: some of the meters may be registered, none is lost;
  // sending all of them again is safe (those answer `exists`)
  Result<Registrations> register_meters(std::span<const NewMeter> meters);

  // errors  not_found; invalid_argument: what the patch would make of the meter is not configured or not valid
  Result<Meter> patch(MeterId id, const MeterPatch& patch);

  // errors  not_found
  Result<Meter> meter(MeterId id) const { return catalog_.meter(id); }
  // As Catalog::meters; limit 1..Catalog::kMaxPage.
  Result<MeterPage> meters(const MeterFilter& filter, std::optional<MeterId> after, std::size_t limit) const {
    return catalog_.meters(filter, after, limit);
  }
  std::size_t meter_count() const { return directory_.size(); }

  // Until every change that is in the journal by now is in the catalog, too.
  void wait_for_changes() { const std::scoped_lock lock{changes_}; }

 private:
  std::optional<RegisterOutcome> refusal(const NewMeter& meter) const;
  Status refusal(const Meter& meter, const MeterPatch& patch) const;
  Status register_piece(std::span<const NewMeter> meters, Registrations& registrations);
  Status record(std::string change);  // durable in the journal once it succeeds

  const Site& site_;
  const Clock& clock_;
  Catalog& catalog_;
  ReadingStore& store_;
  MeterDirectory& directory_;
  // Held across the disk on purpose: the journal and the catalog must see changes in one order. Nobody who takes in
  // readings waits for it.
  std::mutex changes_;
};

}  // namespace meterhouse

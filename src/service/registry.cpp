#include "service/registry.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <future>

#include "base/utf8.h"
#include "service/catalog_change.h"

namespace meterhouse {
namespace {

// Registered in one transaction; between two pieces of a large call others get their turn.
constexpr std::size_t kMetersAPiece = 4'096;

// C0, DEL and C1; and the marks that turn the direction of the text behind them (U+202A–202E, U+2066–2069), by which a
// serial could look like another one.
bool is_unprintable(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7F;
  if (character.size() == 2) return byte(0) == 0xC2 && byte(1) < 0xA0;
  if (character.starts_with("\xE2\x80")) return byte(2) >= 0xAA && byte(2) <= 0xAE;
  return character.starts_with("\xE2\x81") && byte(2) >= 0xA6 && byte(2) <= 0xA9;
}

// What every catalog and a JSON record can keep, and a person can read.
bool is_plain_text(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = utf8_length(text);
    if (size == 0 || is_unprintable(text.substr(0, size))) return false;
    text.remove_prefix(size);
  }
  return true;
}

bool is_serial(std::string_view serial) { return serial.size() <= Registry::kMaxSerialBytes && is_plain_text(serial); }

bool are_register_digits(std::optional<int> digits) { return !digits || (*digits >= 4 && *digits <= 9); }

bool is_empty(const MeterPatch& patch) {
  return !patch.region && !patch.area && !patch.dwelling_type && !patch.serial && !patch.register_digits;
}

}  // namespace

std::string_view field_of(RegisterOutcome outcome) {
  switch (outcome) {
    case RegisterOutcome::unknown_area:
      return "area";
    case RegisterOutcome::unknown_dwelling_type:
      return "dwelling_type";
    case RegisterOutcome::invalid_serial:
      return "serial";
    case RegisterOutcome::invalid_register_digits:
      return "register_digits";
    case RegisterOutcome::registered:
    case RegisterOutcome::exists:
      break;
  }
  return "meter_id";
}

std::string_view to_string(RegisterOutcome outcome) {
  switch (outcome) {
    case RegisterOutcome::registered:
      return "the meter is registered";
    case RegisterOutcome::exists:
      return "the meter is already registered";
    case RegisterOutcome::unknown_area:
      return "the configuration has no such area in that region";
    case RegisterOutcome::unknown_dwelling_type:
      return "the configuration has no such dwelling type";
    case RegisterOutcome::invalid_serial:
      return "a serial is at most 64 bytes of text without control characters";
    case RegisterOutcome::invalid_register_digits:
      return "a register has 4 to 9 digits";
  }
  return "?";
}

Status Registry::load() {
  const auto count = catalog_.meter_count();
  if (!count) return count.error();
  directory_.reserve(*count);
  std::vector<MeterId> piece;
  const auto flush = [&] {
    directory_.add(piece);
    piece.clear();
  };
  const Status walked = catalog_.for_each_meter([&](const Meter& meter) -> Status {
    piece.push_back(meter.id);
    if (piece.size() == kMetersAPiece) flush();
    return {};
  });
  flush();
  return walked;
}

std::optional<RegisterOutcome> Registry::refusal(const NewMeter& meter) const {
  if (directory_.contains(meter.id)) return RegisterOutcome::exists;
  if (!site_.has_area(meter.region, meter.area)) return RegisterOutcome::unknown_area;
  if (!site_.has_dwelling_type(meter.dwelling_type)) return RegisterOutcome::unknown_dwelling_type;
  if (!is_serial(meter.serial)) return RegisterOutcome::invalid_serial;
  if (!are_register_digits(meter.register_digits)) return RegisterOutcome::invalid_register_digits;
  return std::nullopt;
}

Result<Registry::Registrations> Registry::register_meters(std::span<const NewMeter> meters) {
  Registrations registrations{clock_.now(), {}};
  registrations.outcomes.reserve(meters.size());
  while (!meters.empty()) {
    const auto piece = meters.first(std::min(meters.size(), kMetersAPiece));
    if (const Status registered = register_piece(piece, registrations); !registered) return registered.error();
    meters = meters.subspan(piece.size());
  }
  return registrations;
}

Status Registry::register_piece(std::span<const NewMeter> meters, Registrations& registrations) {
  const std::scoped_lock lock{changes_};
  std::vector<Meter> accepted;
  std::vector<std::size_t> positions;  // of the accepted ones in outcomes
  boost::unordered_flat_set<std::uint32_t> seen;
  for (const NewMeter& meter : meters) {
    auto outcome = seen.contains(meter.id.number()) ? RegisterOutcome::exists : refusal(meter);
    if (!outcome) {
      seen.insert(meter.id.number());
      positions.push_back(registrations.outcomes.size());
      accepted.push_back({meter.id, meter.region, meter.area, meter.dwelling_type, registrations.at, meter.serial,
                          meter.register_digits});
    }
    registrations.outcomes.push_back(outcome.value_or(RegisterOutcome::registered));
  }
  if (accepted.empty()) return {};

  for (std::string& change : encode_registrations(accepted))
    if (Status recorded = record(std::move(change)); !recorded) return recorded;
  const auto kept = catalog_.register_meters(accepted);
  if (!kept) return kept.error();
  std::vector<MeterId> ids;
  for (std::size_t i = 0; i < accepted.size(); ++i) {
    ids.push_back(accepted[i].id);
    // Another program on the same catalog was first.
    if ((*kept)[i] == Catalog::Registration::exists) registrations.outcomes[positions[i]] = RegisterOutcome::exists;
  }
  directory_.add(ids);
  return {};
}

Status Registry::refusal(const Meter& meter, const MeterPatch& patch) const {
  const auto refuse = [](std::string message) { return Error{Errc::invalid_argument, std::move(message)}; };
  const std::string region = patch.region.value_or(meter.region);
  const std::string area = patch.area.value_or(meter.area);
  if ((patch.region || patch.area) && !site_.has_area(region, area))
    return refuse(fmt::format("the configuration has no area '{:.100}' in region '{:.100}'", area, region));
  if (patch.dwelling_type && !site_.has_dwelling_type(*patch.dwelling_type))
    return refuse(fmt::format("the configuration has no dwelling type '{:.100}'", *patch.dwelling_type));
  if (patch.serial && !is_serial(*patch.serial)) return refuse(std::string{to_string(RegisterOutcome::invalid_serial)});
  if (patch.register_digits && !are_register_digits(*patch.register_digits))
    return refuse(std::string{to_string(RegisterOutcome::invalid_register_digits)});
  return {};
}

Result<Meter> Registry::patch(MeterId id, const MeterPatch& patch) {
  const std::scoped_lock lock{changes_};
  auto meter = catalog_.meter(id);
  if (!meter || is_empty(patch)) return meter;
  if (const Status refused = refusal(*meter, patch); !refused) return refused.error();
  if (const Status recorded = record(encode_patch(id, patch)); !recorded) return recorded.error();
  return catalog_.patch_meter(id, patch);
}

Status Registry::record(std::string change) {
  std::promise<Status> recorded;
  store_.record_change(std::move(change), [&](Status status) { recorded.set_value(std::move(status)); });
  return recorded.get_future().get();
}

}  // namespace meterhouse

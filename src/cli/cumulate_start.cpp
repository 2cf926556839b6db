#include "cli/cumulate_start.h"

#include "base/iso8601.h"
#include "model/energy.h"

namespace meterhouse::cli {
namespace {

std::string time_of(const Reading& reading) { return format_iso8601(reading.at(), Seconds{0}); }
std::string kwh_of(const Reading& reading) { return format_kwh(reading.register_value()); }

}  // namespace

Status check_start(const Reading& first, const Surroundings& around) {
  const auto meter = first.key().text();
  const auto refuse = [](std::string words) { return Error{Errc::invalid_argument, std::move(words)}; };
  if (around.exactly) {
    const auto stands = kwh_of(*around.exactly);
    if (around.exactly->register_value() == first.register_value()) return {};
    return refuse(
        fmt::format("meter {} already has register {} at {}, where the first row begins, and not {}. Go on with "
                    "--cumulate {}",
                    meter, stands, time_of(first), kwh_of(first), stands));
  }
  if (around.before && around.before->register_value() > first.register_value()) {
    const auto last = kwh_of(*around.before);
    return refuse(
        fmt::format("meter {} already has register {} at {}; from {} on it would fall to {}. Go on with --cumulate {}",
                    meter, last, time_of(*around.before), time_of(first), kwh_of(first), last));
  }
  if (around.after && around.after->register_value() < first.register_value())
    return refuse(fmt::format(
        "meter {} has register {} at {}; beginning with {} at {} it would fall to that. START is at most {}", meter,
        kwh_of(*around.after), time_of(*around.after), kwh_of(first), time_of(first), kwh_of(*around.after)));
  return {};
}

std::optional<std::string> step_before(const Reading& first, const Surroundings& around) {
  if (around.exactly || !around.before) return std::nullopt;
  const auto step = first.register_value() - around.before->register_value();
  if (step <= MilliWattHours{0}) return std::nullopt;
  return fmt::format("meter {}: from {} at {} to {} at {}, {} kWh", first.key().text(), kwh_of(*around.before),
                     time_of(*around.before), kwh_of(first), time_of(first), format_kwh(step));
}

}  // namespace meterhouse::cli

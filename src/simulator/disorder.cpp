#include "simulator/disorder.h"

#include <algorithm>

namespace meterhouse::simulator {
namespace {

constexpr std::string_view kNames[kFaultKinds] = {"duplicate", "conflict", "out-of-order", "late-hours",
                                                  "late-days", "gap",      "dip",          "rollover",
                                                  "exchange",  "spike",    "stuck"};

constexpr std::int64_t kDay = 86'400;
// A cell of time holds at most one run, wholly: that is why runs never overlap and one look finds the run over an
// instant.
constexpr std::int64_t kCellDays = 4;
constexpr std::int64_t kLongestRunDays = 3;

bool comes_in_runs(FaultKind kind) {
  return kind == FaultKind::late_hours || kind == FaultKind::late_days || kind == FaultKind::gap ||
         kind == FaultKind::stuck;
}

}  // namespace

std::string_view to_string(FaultKind kind) { return kNames[static_cast<std::size_t>(kind)]; }

bool Disorder::none() const {
  return std::ranges::all_of(rates, [](double rate) { return rate <= 0; });
}

void append_ndjson(std::string& out, const PlantedFault& fault, const SiteCalendar& calendar) {
  fmt::format_to(std::back_inserter(out),
                 R"({{"fault":"{}","meter_id":"{}","channel":"{}","from":"{}","to":"{}","actual":)",
                 to_string(fault.kind), fault.series.meter().text(), to_string(fault.series.channel()),
                 calendar.format(fault.from), calendar.format(fault.to));
  append_kwh(out, fault.actual);
  out += R"(,"shown":)";
  append_kwh(out, fault.shown);
  if (fault.delivered)
    fmt::format_to(std::back_inserter(out), R"(,"delivered":"{}")", calendar.format(*fault.delivered));
  out += "}\n";
}

FaultPlan::FaultPlan(std::uint64_t seed, const Disorder& disorder, Seconds interval)
    : seed_(mix(seed, 0xFA)), interval_(interval.count()), any_(!disorder.none()) {
  for (std::size_t i = 0; i < kFaultKinds; ++i) {
    const double cells = comes_in_runs(static_cast<FaultKind>(i)) ? static_cast<double>(kCellDays) : 1;
    rates_[i] = Rate{disorder.rates[i] * cells};
  }
}

std::uint64_t FaultPlan::key_of(FaultKind kind, std::uint32_t object) const {
  return mix(seed_ + static_cast<std::uint64_t>(kind), object);
}

std::optional<std::uint64_t> FaultPlan::at_reading(FaultKind kind, SeriesKey series, Instant at) const {
  const Rate rate = rates_[static_cast<std::size_t>(kind)];
  if (rate.none()) return std::nullopt;
  const auto random = mix(key_of(kind, series.packed()), static_cast<std::uint64_t>(epoch_seconds(at)));
  if (!rate.hit(random)) return std::nullopt;
  return mix(random);
}

std::optional<std::uint64_t> FaultPlan::of_meter(FaultKind kind, MeterId meter) const {
  const Rate rate = rates_[static_cast<std::size_t>(kind)];
  if (rate.none()) return std::nullopt;
  const auto random = mix(key_of(kind, meter.number()));
  if (!rate.hit(random)) return std::nullopt;
  return mix(random);
}

std::optional<FaultPlan::Run> FaultPlan::run_over(FaultKind kind, SeriesKey series, Instant at) const {
  const Rate rate = rates_[static_cast<std::size_t>(kind)];
  if (rate.none()) return std::nullopt;
  const auto seconds = epoch_seconds(at);
  const auto cell = seconds / (kCellDays * kDay);
  const auto random = mix(key_of(kind, series.packed()), static_cast<std::uint64_t>(cell));
  if (!rate.hit(random)) return std::nullopt;

  const auto length = run_length(kind, mix(random));
  const auto free_slots = kCellDays * kDay / interval_ - length;
  const auto first = static_cast<std::int64_t>(pick(mix(random, 1), static_cast<std::uint64_t>(free_slots) + 1));
  const auto from = cell * kCellDays * kDay + first * interval_;
  const auto to = from + length * interval_;
  if (seconds < from || seconds >= to) return std::nullopt;
  return Run{instant_from_epoch(from), instant_from_epoch(to), mix(random, 2)};
}

// In intervals. Gaps are mostly short (up to six), a quarter up to a day, one in twenty up to three days.
std::int64_t FaultPlan::run_length(FaultKind kind, std::uint64_t random) const {
  const auto a_day = kDay / interval_;
  const auto up_to = [&](std::int64_t most) {
    return 1 +
           static_cast<std::int64_t>(pick(mix(random), static_cast<std::uint64_t>(std::max<std::int64_t>(most, 1))));
  };
  switch (kind) {
    case FaultKind::gap: {
      const auto sort = pick(random, 100);
      return up_to(sort < 70 ? 6 : sort < 95 ? a_day : kLongestRunDays * a_day);
    }
    case FaultKind::stuck:
      return std::min(a_day / 8 + up_to(kLongestRunDays * a_day), kLongestRunDays * a_day);
    case FaultKind::late_hours:
      return up_to(a_day / 2);
    default:
      return up_to(a_day);
  }
}

}  // namespace meterhouse::simulator

#include "service/usage_queries.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace meterhouse {
namespace {

using std::chrono::hours;

struct LegacyPeriodRule {
  std::string_view name;
  LegacyPeriod period;
  Step step;
  Seconds length;
};
constexpr std::array kLegacyPeriods{LegacyPeriodRule{"30m", LegacyPeriod::latest_interval, Step::interval, Seconds{0}},
                                    LegacyPeriodRule{"1d", LegacyPeriod::one_day, Step::interval, hours{24}},
                                    LegacyPeriodRule{"1w", LegacyPeriod::one_week, Step::day, hours{24} * 7},
                                    LegacyPeriodRule{"1m", LegacyPeriod::one_month, Step::day, hours{24} * 30},
                                    LegacyPeriodRule{"1y", LegacyPeriod::one_year, Step::month, hours{24} * 365}};

const LegacyPeriodRule& rule_of(LegacyPeriod period) {
  const auto found = std::ranges::find(kLegacyPeriods, period, &LegacyPeriodRule::period);
  MH_CHECK(found != kLegacyPeriods.end());
  return *found;
}

MilliWattHours to_hundredths(MilliWattHours energy) {
  constexpr std::int64_t kHundredth = 10'000;  // mWh in 0.01 kWh
  return MilliWattHours{divide_round_half_even(energy.count(), kHundredth) * kHundredth};
}

// Where the meter's register wraps.
std::optional<MilliWattHours> modulus_of(const Meter& meter) {
  if (!meter.register_digits) return std::nullopt;
  std::int64_t modulus = 1'000'000;  // 1 kWh
  for (int digit = 0; digit < *meter.register_digits; ++digit) modulus *= 10;
  return MilliWattHours{modulus};
}

// What consumption() wants to see. Instants outside what a reading can have are cut to it: nothing lies there.
ReadRange read_range(TimeRange range, Seconds snap) {
  const Seconds reach = snap + kDipReach;
  return {std::clamp(range.from - reach, kFirstInstant, kLastInstant),
          std::clamp(range.to + reach, kFirstInstant, kLastInstant)};
}

std::optional<LegacyAnswer> legacy_answer(const ConsumptionAnswer& answer, Step step) {
  if (!answer.total.energy) return std::nullopt;
  const Completeness& total = answer.total.completeness;
  LegacyAnswer legacy{
      .total = to_hundredths(*answer.total.energy), .covered = {*total.covered_from, *total.covered_to}, .entries = {}};
  for (const Consumption& value : answer.values) {
    if (!value.energy) continue;
    if (step == Step::interval)
      legacy.entries.push_back({value.range.to, *value.energy});
    else
      legacy.entries.push_back({value.range.from, to_hundredths(*value.energy)});
  }
  return legacy;
}

}  // namespace

Result<LegacyPeriod> parse_legacy_period(std::string_view text) {
  const auto found = std::ranges::find(kLegacyPeriods, text, &LegacyPeriodRule::name);
  if (found == kLegacyPeriods.end())
    return Error{Errc::invalid_argument, fmt::format("a period is 30m, 1d, 1w, 1m or 1y, not '{:.40}'", text)};
  return found->period;
}

// A registration that is late, because history was imported, must not hide what was expected before it. The store is
// asked for the channel's first reading only where that can matter.
Result<Instant> UsageQueries::installed(const Meter& meter, SeriesKey key, Instant from) const {
  if (meter.registered_at + ConsumptionQuery{}.interval <= from) return meter.registered_at;
  const auto first = store_.read(key, {kFirstInstant, kFirstInstant}, Neighbours::with);
  if (!first) return first.error();
  return first->empty() ? meter.registered_at : std::min(meter.registered_at, first->at.front());
}

Result<ConsumptionAnswer> UsageQueries::consumption(const Question& question) const {
  const auto meter = catalog_.meter(question.meter);
  if (!meter) return meter.error();
  if (question.range.empty()) return Error{Errc::invalid_argument, "the range is empty: it must end after it begins"};
  const SeriesKey key{question.meter, question.channel};
  const auto since = installed(*meter, key, question.range.from);
  if (!since) return since.error();
  const auto series = store_.read(key, read_range(question.range, site_.snap), Neighbours::with);
  if (!series) return series.error();
  return meterhouse::consumption(*series,
                                 {.range = question.range,
                                  .step = question.step,
                                  .snap = site_.snap,
                                  .installed = *since,
                                  .now = clock_.now(),
                                  .max_values = question.max_values,
                                  .register_modulus = modulus_of(*meter)},
                                 question.calendar != nullptr ? *question.calendar : calendar_);
}

Result<std::optional<LegacyAnswer>> UsageQueries::latest_interval(MeterId id) const {
  const auto meter = catalog_.meter(id);
  if (!meter) return meter.error();
  const SeriesKey key{id, Channel::import_};
  const auto latest = store_.latest(key, 2);
  if (!latest) return latest.error();
  if (latest->empty()) return std::nullopt;
  LegacyAnswer answer{.total = {}, .covered = {latest->at.front(), latest->at.back()}, .entries = {}};
  if (latest->size() == 2) {
    const auto series = store_.read(key, read_range(answer.covered, Seconds{0}), Neighbours::with);
    if (!series) return series.error();
    const auto used = meterhouse::consumption(
        *series,
        {.range = answer.covered, .step = Step::interval, .snap = Seconds{0}, .register_modulus = modulus_of(*meter)},
        calendar_);
    if (!used) return used.error();
    answer.total = used->total.energy.value_or(MilliWattHours{});
  }
  answer.entries.push_back({answer.covered.to, answer.total});
  return answer;
}

Result<std::optional<LegacyAnswer>> UsageQueries::legacy_query(MeterId meter, LegacyPeriod period) const {
  if (period == LegacyPeriod::latest_interval) return latest_interval(meter);
  const LegacyPeriodRule& rule = rule_of(period);
  const Instant now = clock_.now();
  const auto answer = consumption({.meter = meter, .range = {now - rule.length, now}, .step = rule.step});
  if (!answer) return answer.error();
  return legacy_answer(*answer, rule.step);
}

}  // namespace meterhouse

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

ConsumptionAnswer without_energy(TimeRange range) {
  ConsumptionAnswer answer;
  answer.total.range = range;
  return answer;
}

}  // namespace

Result<LegacyPeriod> parse_legacy_period(std::string_view text) {
  const auto found = std::ranges::find(kLegacyPeriods, text, &LegacyPeriodRule::name);
  if (found == kLegacyPeriods.end())
    return Error{Errc::invalid_argument, fmt::format("a period is 30m, 1d, 1w, 1m or 1y, not '{:.40}'", text)};
  return found->period;
}

// A registration that is late, because history was imported, must not hide what was expected before it; and a meter
// that exports since its panels came lacks nothing before. The store is asked for the channel's first reading only
// where that can matter.
Result<Instant> UsageQueries::installed(const Meter& meter, SeriesKey key, const Series& series, Instant from) const {
  const bool exports = key.channel() == Channel::export_;
  const Instant registered = exports ? kLastInstant : meter.registered_at;
  const auto is_before_the_range = [&](Instant at) { return at <= from - ConsumptionQuery{}.interval; };
  if (is_before_the_range(registered)) return registered;
  if (!series.empty() && is_before_the_range(series.at.front())) return series.at.front();
  const auto first = store_.read(key, {kFirstInstant, kFirstInstant}, Neighbours::with);
  if (!first) return first.error();
  return first->empty() ? registered : std::min(registered, first->at.front());
}

Result<Series> UsageQueries::series_of(SeriesKey key, TimeRange range) const {
  return store_.read(key, read_range(range, site_.snap), Neighbours::with);
}

Result<ConsumptionAnswer> UsageQueries::consumption_of(const Meter& meter, const Question& question,
                                                       const Series& series) const {
  const auto since = installed(meter, {meter.id, question.channel}, series, question.range.from);
  if (!since) return since.error();
  return meterhouse::consumption(series,
                                 {.range = question.range,
                                  .step = question.step,
                                  .snap = site_.snap,
                                  .installed = *since,
                                  .now = clock_.now(),
                                  .max_values = question.max_values,
                                  .register_modulus = modulus_of(meter),
                                  .days = question.calendar},
                                 calendar_);
}

Result<ConsumptionAnswer> UsageQueries::consumption(const Question& question) const {
  const auto meter = catalog_.meter(question.meter);
  if (!meter) return meter.error();
  if (question.range.empty()) return Error{Errc::invalid_argument, "the range is empty: it must end after it begins"};
  const auto series = series_of({question.meter, question.channel}, question.range);
  if (!series) return series.error();
  return consumption_of(*meter, question, *series);
}

Status UsageQueries::visit_use(const Meter& meter, Channel channel, TimeRange range, const Series& series,
                               const VisitUse& visit) const {
  if (series.empty() && channel == Channel::export_) return {};
  // A year is the widest step there is: one or two values, of which the total alone is wanted.
  auto answer =
      consumption_of(meter, {.meter = meter.id, .channel = channel, .range = range, .step = Step::year}, series);
  // The registers of one meter, absurd as they may be, do not take the sum from all the others.
  if (!answer && answer.error().code == Errc::out_of_range) answer = without_energy(range);
  if (!answer) return answer.error().during(fmt::format("meter {}", meter.id.text()));
  const Consumption& total = answer->total;
  if (channel == Channel::export_ && !total.energy && total.completeness.expected == 0) return {};
  const auto up_to = [&](Instant at) { return std::ranges::upper_bound(series.at, at + site_.snap); };
  const auto readings = static_cast<std::uint64_t>(up_to(range.to) - up_to(range.from));
  return visit({meter, channel, total, answer->dips, readings});
}

Result<std::optional<MeterId>> UsageQueries::use_of_page(TimeRange range, std::optional<MeterId> after,
                                                         const VisitUse& visit) const {
  MH_CHECK(!range.empty());
  const auto page = catalog_.meters({}, after, Catalog::kMaxPage);
  if (!page) return page.error();
  if (page->meters.empty()) return std::nullopt;

  constexpr std::size_t kChannelCount = std::size(kChannels);
  std::size_t next = 0;  // of the page's channels, in the order of their keys
  const auto key_of = [&](std::size_t i) {
    return SeriesKey{page->meters[i / kChannelCount].id, kChannels[i % kChannelCount]};
  };
  // What a scan of the range does not find may still have readings on both sides of it.
  const auto visit_silent = [&](std::size_t until) -> Status {
    for (; next < until; ++next) {
      const auto series = series_of(key_of(next), range);
      if (!series) return series.error();
      const Meter& meter = page->meters[next / kChannelCount];
      if (auto done = visit_use(meter, kChannels[next % kChannelCount], range, *series, visit); !done) return done;
    }
    return {};
  };

  Series series;
  const auto visit_found = [&](SeriesKey key, const SeriesView& found) -> Status {
    std::size_t at = next;
    while (at < page->meters.size() * kChannelCount && key_of(at) < key) ++at;
    if (auto done = visit_silent(at); !done) return done;
    if (at == page->meters.size() * kChannelCount || key_of(at) != key) return {};  // of a meter nobody registered
    ++next;
    if (found.at.front() <= range.from && found.at.back() >= range.to) {
      series.at.assign(found.at.begin(), found.at.end());
      series.registers.assign(found.registers.begin(), found.registers.end());
      series.flags.assign(found.flags.begin(), found.flags.end());
    } else {
      auto wider = series_of(key, range);
      if (!wider) return wider.error();
      series = std::move(*wider);
    }
    return visit_use(page->meters[at / kChannelCount], key.channel(), range, series, visit);
  };
  const KeyRange keys{key_of(0).packed(), key_of(page->meters.size() * kChannelCount - 1).packed()};
  if (auto done = store_.scan(keys, read_range(range, site_.snap), visit_found); !done) return done.error();
  if (auto done = visit_silent(page->meters.size() * kChannelCount); !done) return done.error();
  return page->next;
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

#include "simulator/town.h"

#include <algorithm>
#include <map>

#include "base/check.h"
#include "base/int128.h"
#include "simulator/random.h"

namespace meterhouse::simulator {
namespace {

constexpr std::int64_t kKwh = 1'000'000;

// A household's use against the mean of its dwelling type, per mille: the 64-quantiles of a log-normal distribution
// with sigma 0.42, scaled to a mean of exactly 1000.
constexpr std::uint16_t kScales[64] = {332,  398,  438,  468,  494,  517,  538,  557,  575,  592,  608,  624,  640,
                                       655,  669,  684,  698,  712,  726,  740,  754,  768,  782,  796,  809,  823,
                                       837,  852,  866,  880,  895,  910,  925,  940,  956,  972,  988,  1005, 1022,
                                       1040, 1058, 1077, 1096, 1116, 1137, 1159, 1182, 1205, 1231, 1257, 1286, 1316,
                                       1348, 1383, 1422, 1464, 1512, 1566, 1628, 1703, 1797, 1923, 2114, 2535};

// Noise of the cumulated use, in 2^-10 of a mean day, over 1, 7 and 28 days. A day can lose at most the sum of
// amplitude / days (0.62 mean days) and the smallest day of any archetype is larger, so use never turns negative.
struct NoiseScale {
  std::int64_t days;
  std::int64_t amplitude;
};
constexpr NoiseScale kNoise[] = {{1, 300}, {7, 1400}, {28, 3900}};

// Which random number is drawn for what; never reordered, for the same seed keeps its town.
enum Draw : std::uint64_t {
  kPlace,
  kDwelling,
  kScale,
  kSolar,
  kFirst,
  kSecond,
  kWeight,
  kInitial,
  kRoof,
  kImport,
  kExport
};

std::uint64_t draw(std::uint64_t random, Draw what) { return mix(random, static_cast<std::uint64_t>(what) + 1); }

// In 2^-16: linear between random values at multiples of `days`, at a phase of the series' own.
std::int64_t lattice_noise(std::uint64_t key, std::int64_t day, std::int64_t days) {
  const auto shifted = day + static_cast<std::int64_t>(key % 64);
  const auto cell = shifted / days, within = shifted % days;
  const auto value = [&](std::int64_t at) {
    return static_cast<std::int64_t>(mix(key + static_cast<std::uint64_t>(days), static_cast<std::uint64_t>(at)) >> 48);
  };
  return (value(cell) * (days - within) + value(cell + 1) * within) / days;
}

bool divides_a_day(Seconds interval) {
  return interval.count() >= 60 && interval.count() <= 86'400 && 86'400 % interval.count() == 0;
}

}  // namespace

Result<Town> Town::build(const TownOptions& options, const Site& site) {
  if (!divides_a_day(options.interval))
    return Error{Errc::invalid_argument,
                 fmt::format("an interval of {} s does not divide a day (60 s to 86400 s)", options.interval.count())};
  if (options.meters == 0 || options.meters > kMaxMeters ||
      options.first_meter.number() > MeterId::kMax - (options.meters - 1))
    return Error{Errc::out_of_range, fmt::format("a town of {} meters from {} does not fit: 1 to {}, ids of 9 digits",
                                                 options.meters, options.first_meter.text(), kMaxMeters)};
  if (std::ranges::all_of(site.regions, [](const Site::Region& region) { return region.areas.empty(); }))
    return Error{Errc::invalid_argument, "the site has no areas to lay meters in"};
  if (site.dwelling_types.empty()) return Error{Errc::invalid_argument, "the site has no dwelling types"};
  auto calendar = SiteCalendar::of(site.timezone);
  if (!calendar) return calendar.error();
  if (options.period.to < options.period.from || options.period.to >= kLastInstant)
    return Error{Errc::out_of_range, "the period ends before it begins, or after 2106"};
  if (calendar->day_of(options.period.from) < kFirstDay)
    return Error{Errc::out_of_range, fmt::format("a town begins on {} at the earliest", format_date(kFirstDay))};
  Profiles profiles{mix(options.seed, 0x3E), calendar->day_of(options.period.to) + date::days{1}};
  return Town{options, site, std::move(*calendar), std::move(profiles)};
}

Town::Town(const TownOptions& options, const Site& site, SiteCalendar calendar, Profiles profiles)
    : options_(options),
      site_(site),
      calendar_(std::move(calendar)),
      profiles_(std::move(profiles)),
      faults_(options.seed, options.disorder, options.interval) {
  for (std::uint32_t region = 0; region < site.regions.size(); ++region)
    for (std::uint32_t area = 0; area < site.regions[region].areas.size(); ++area) places_.push_back({region, area});
  for (const auto& name : site.dwelling_types) {
    dwellings_.push_back(dwelling_of(name));
    shares_ += dwellings_.back().share;
  }
  lay_out_days();
}

// Shares of households (census of 2020, rounded) and mean monthly kWh an account (national statistics, 2010 to 2023).
Town::Dwelling Town::dwelling_of(std::string_view name) {
  static constexpr std::pair<std::string_view, Dwelling> kKnown[] = {
      {"1-room / 2-room", {70, 167, 0, false}},
      {"3-room", {178, 277, 1, false}},
      {"4-room", {316, 366, 1, false}},
      {"5-room and Executive", {227, 453, 2, false}},
      {"Private Apartments and Condominiums", {159, 583, 4, false}},
      {"Landed Properties", {50, 1256, 6, true}},
  };
  const auto found = std::ranges::find(kKnown, name, &std::pair<std::string_view, Dwelling>::first);
  return found != std::end(kKnown) ? found->second : Dwelling{150, 400, 1, false};
}

void Town::lay_out_days() {
  std::map<std::pair<DayKind, unsigned>, const DayShape*> ordinary;  // days of 24 hours share twelve times two shapes
  const auto last = calendar_.day_of(options_.period.to);
  for (auto date = calendar_.day_of(options_.period.from) - date::days{kDaysBefore}; date <= last;
       date += date::days{1}) {
    const auto range = calendar_.day(date);
    const auto make = [&] { return &shapes_.emplace_back(profiles_.shape(date, range.length(), options_.interval)); };
    const DayShape* shape = nullptr;
    if (range.length() == Seconds{86'400}) {
      const auto month = static_cast<unsigned>(date::year_month_day{date}.month());
      auto& shared = ordinary[{kind_of(date), month}];
      if (shared == nullptr) shared = make();
      shape = shared;
    } else {
      shape = make();
    }
    days_.push_back({date, range.from, range.length(), shape});
  }
}

Town::Home Town::home(std::uint32_t index) const {
  MH_CHECK(index < options_.meters);
  const auto random = mix(mix(options_.seed), options_.first_meter.number() + index);
  auto share = static_cast<std::uint32_t>(pick(draw(random, kDwelling), shares_));
  std::size_t dwelling = 0;
  while (share >= dwellings_[dwelling].share) share -= dwellings_[dwelling++].share;
  return {random, dwelling, dwellings_[dwelling].landed && Rate{options_.solar_share}.hit(draw(random, kSolar))};
}

Meter Town::meter(std::uint32_t index) const {
  const Home home = this->home(index);
  const Place place = places_[pick(draw(home.random, kPlace), places_.size())];
  const Site::Region& region = site_.regions[place.region];
  const auto id = MeterId::from_number(options_.first_meter.number() + index);
  const auto import = series(index).front();
  int digits = 0;
  for (auto modulus = import.modulus; modulus > kKwh; modulus /= 10) ++digits;
  return {id,
          region.name,
          region.areas[place.area],
          site_.dwelling_types[home.dwelling],
          options_.period.from,
          fmt::format("SIM{}", id.text()),
          digits};
}

std::vector<SeriesModel> Town::series(std::uint32_t index) const {
  const Home home = this->home(index);
  const Dwelling& dwelling = dwellings_[home.dwelling];
  const auto id = MeterId::from_number(options_.first_meter.number() + index);

  const auto archetype = [&](Draw what) {
    if (home.solar) return static_cast<std::uint8_t>(Archetype::solar_home);
    const auto chosen = pick(draw(home.random, what), 3 + dwelling.cooled);
    return static_cast<std::uint8_t>(std::min<std::uint64_t>(chosen, static_cast<std::uint64_t>(Archetype::cooled)));
  };
  const auto scale = std::int64_t{kScales[draw(home.random, kScale) >> 58]};
  const auto daily = std::int64_t{dwelling.monthly_kwh} * kKwh * 1'200 / 36'525 * scale / 1'000;

  std::vector<SeriesModel> all;
  all.push_back({SeriesKey{id, Channel::import_}, draw(home.random, kImport), daily, archetype(kFirst),
                 archetype(kSecond), static_cast<std::uint8_t>(16 + pick(draw(home.random, kWeight), 33)), 0, 0,
                 kLastInstant, 0});
  if (home.solar) {
    constexpr auto kSun = static_cast<std::uint8_t>(Archetype::sun);
    const auto roof = 8'000 + static_cast<std::int64_t>(pick(draw(home.random, kRoof), 16'000));  // Wh fed in a day
    all.push_back({SeriesKey{id, Channel::export_}, draw(home.random, kExport), roof * 1'000, kSun, kSun, 32, 0, 0,
                   kLastInstant, 0});
  }
  for (auto& series : all) place_register(series);
  return all;
}

// Where the register starts and wraps, with a planted rollover or exchange in the period.
void Town::place_register(SeriesModel& series) const {
  constexpr std::int64_t kLargeHome = 60 * kKwh;  // a day; six digits would not last it fifteen years
  series.modulus = (series.daily > kLargeHome ? 10'000'000 : 1'000'000) * kKwh;
  series.offset = static_cast<std::int64_t>(pick(draw(series.noise, kInitial), 1'000)) * kKwh;

  const auto moment = [&](std::uint64_t random) {  // a step of a day in the period, not its last day
    const TownDay& chosen = day(pick(random, std::max<std::size_t>(days() - 1, 1)));
    return std::pair{&chosen, 1 + pick(mix(random), std::max<std::size_t>(chosen.steps() - 1, 1))};
  };
  if (const auto random = faults_.of_meter(FaultKind::exchange, series.key.meter())) {
    const auto [chosen, step] = moment(*random);
    series.exchanged = chosen->start + static_cast<std::int64_t>(step) * options_.interval;
    const auto energy = energy_day(series, *chosen);
    const auto final_register = register_at(series, energy, *chosen, step).count();
    const auto initial = static_cast<std::int64_t>(pick(mix(*random, 1), 1'000)) * detail::kResolution;
    series.offset_after = initial - (final_register - series.offset);
  } else if (const auto wrap = faults_.of_meter(FaultKind::rollover, series.key.meter())) {
    const auto [chosen, step] = moment(*wrap);
    const auto energy = energy_day(series, *chosen);
    const auto used = energy.before + (energy.energy * detail::share_of(series, (*chosen->shape)[step]) >>
                                       (kShareBits + detail::kWeightBits));
    series.modulus = 100'000 * kKwh;
    series.offset = series.modulus - used % series.modulus;
  }
}

std::int64_t Town::used_before(const SeriesModel& series, date::local_days day) const {
  const auto& totals = profiles_.before(day);
  const auto mean_days =
      std::int64_t{series.weight} * totals[series.first] + (64 - std::int64_t{series.weight}) * totals[series.second];
  const auto index = (day - Profiles::kEpoch).count();
  std::int64_t noise = 0;
  for (const auto& scale : kNoise) noise += lattice_noise(series.noise, index, scale.days) * scale.amplitude;
  return static_cast<std::int64_t>((Int128{series.daily} * mean_days >> (kDayBits + detail::kWeightBits)) +
                                   (Int128{series.daily} * noise >> (16 + 10)));
}

EnergyDay Town::energy_day(const SeriesModel& series, const TownDay& day) const {
  const auto before = used_before(series, day.date);
  const auto after = used_before(series, day.date + date::days{1});
  MH_CHECK(after >= before);
  return {before, after - before};
}

MilliWattHours Town::register_at(const SeriesModel& series, Instant at) const {
  const auto index = (calendar_.day_of(at) - days_.front().date).count();
  MH_CHECK(index >= 0 && static_cast<std::size_t>(index) < days_.size());
  const TownDay& day = days_[static_cast<std::size_t>(index)];
  const auto step = static_cast<std::size_t>((at - day.start) / options_.interval);
  return register_at(series, energy_day(series, day), day, step);
}

}  // namespace meterhouse::simulator

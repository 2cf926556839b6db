#include "base/site_calendar.h"

#include <algorithm>
#include <stdexcept>

#include "base/check.h"

namespace meterhouse {
namespace {

constexpr std::int64_t kSecondsPerDay = 86400;
// No zone has been further than this from UTC (Pacific/Kiritimati +14, Pacific/Pago_Pago -11; Manila once -15:56).
constexpr std::int64_t kMaxOffset = 16 * 3600;

constexpr std::int64_t floor_days(std::int64_t seconds) {
  return seconds / kSecondsPerDay - (seconds % kSecondsPerDay < 0 ? 1 : 0);
}

constexpr std::int64_t local_count(date::local_seconds local) { return local.time_since_epoch().count(); }

}  // namespace

Result<SiteCalendar> SiteCalendar::of(std::string_view zone_name) {
  const date::time_zone* zone = nullptr;
  try {
    zone = date::locate_zone(std::string{zone_name});
  } catch (const std::runtime_error&) {
    return Error{Errc::not_found, fmt::format("time zone '{:.60}' is not in the system's time zone data", zone_name)};
  }
  std::vector<OffsetSpan> spans;
  // From a day before the first instant, so that the local times around it are right too.
  Instant at = kFirstInstant - Seconds{kSecondsPerDay};
  while (at <= kLastInstant + Seconds{kSecondsPerDay}) {
    const date::sys_info info = zone->get_info(at);
    const std::int64_t offset = info.offset.count();
    if (spans.empty() || spans.back().offset != offset) spans.push_back({epoch_seconds(at), offset});
    at = info.end;
  }
  repeat_last_rule(spans);
  return SiteCalendar{std::string{zone_name}, std::move(spans)};
}

// The system's tables end with 2037 and leave what follows to a rule that the time zone library does not read. A zone
// that still sets its clocks in that year does so by weekdays of spring and autumn, so a later year is like the one of
// 2027 to 2037 whose March begins on the same weekday.
void SiteCalendar::repeat_last_rule(std::vector<OffsetSpan>& spans) {
  constexpr int kLastTabulated = 2037;
  const auto year_of = [](const OffsetSpan& span) {
    return static_cast<int>(date::year_month_day{date::floor<date::days>(instant_from_epoch(span.from))}.year());
  };
  const auto march = [](int year) { return date::sys_days{date::year{year} / 3 / 1}; };
  if (year_of(spans.back()) != kLastTabulated) return;
  const std::vector<OffsetSpan> known = spans;
  for (int year = kLastTabulated + 1; march(year) <= kLastInstant; ++year) {
    int like = kLastTabulated;
    while (date::weekday{march(like)} != date::weekday{march(year)}) --like;
    const std::int64_t shift = Seconds{march(year) - march(like)}.count();
    for (const OffsetSpan& span : known)
      if (year_of(span) == like) spans.push_back({span.from + shift, span.offset});
  }
}

SiteCalendar::SiteCalendar(std::string zone_name, std::vector<OffsetSpan> spans)
    : zone_name_(std::move(zone_name)), spans_(std::move(spans)) {
  MH_CHECK(!spans_.empty());
}

const SiteCalendar::OffsetSpan* SiteCalendar::span_at(std::int64_t utc) const {
  if (utc >= spans_.back().from) return &spans_.back();  // zones without daylight saving: nearly always
  const auto after = std::ranges::upper_bound(spans_, utc, {}, &OffsetSpan::from);
  return after == spans_.begin() ? spans_.data() : &*(after - 1);
}

Seconds SiteCalendar::offset_at(Instant instant) const { return Seconds{span_at(epoch_seconds(instant))->offset}; }

date::local_seconds SiteCalendar::local(Instant instant) const {
  return date::local_seconds{instant.time_since_epoch() + offset_at(instant)};
}

date::local_days SiteCalendar::day_of(Instant instant) const {
  return date::local_days{date::days{floor_days(local_count(local(instant)))}};
}

std::optional<SiteCalendar::Candidates> SiteCalendar::instants_of(date::local_seconds local) const {
  const std::int64_t wall = local_count(local);
  if (wall - kMaxOffset >= spans_.back().from) {  // zones without daylight saving: nearly always
    const Instant instant = instant_from_epoch(wall - spans_.back().offset);
    return Candidates{instant, instant};
  }
  const OffsetSpan* const first = spans_.data();
  const OffsetSpan* const end = first + spans_.size();
  std::optional<Candidates> found;
  for (const OffsetSpan* span = span_at(wall - kMaxOffset); span != end; ++span) {
    if (span != first && span->from > wall + kMaxOffset) break;
    const std::int64_t utc = wall - span->offset;
    const bool started = span == first || span->from <= utc;
    const bool ended = span + 1 != end && (span + 1)->from <= utc;
    if (!started || ended) continue;
    const Instant instant = instant_from_epoch(utc);
    if (!found) found = Candidates{instant, instant};
    found->later = instant;
  }
  return found;
}

bool SiteCalendar::repeats_local_times() const {
  const auto goes_back = [](const OffsetSpan& before, const OffsetSpan& after) { return after.offset < before.offset; };
  return std::ranges::adjacent_find(spans_, goes_back) != spans_.end();
}

Result<Instant> SiteCalendar::resolve(const WrittenTime& time) const {
  if (time.offset) return instant_from_epoch(local_count(time.local) - time.offset->count());
  if (time.date_alone) return start_of_day(date::floor<date::days>(time.local));
  const auto candidates = instants_of(time.local);
  if (!candidates) {
    std::string text;
    append_iso8601(text, instant_from_epoch(local_count(time.local)), Seconds{0});
    return Error{Errc::invalid_argument,
                 fmt::format("the local time {} does not exist in {}", text.substr(0, 19), zone_name_)};
  }
  return candidates->earlier;
}

Instant SiteCalendar::start_of_day(date::local_days day) const {
  const date::local_seconds midnight{day};
  if (const auto candidates = instants_of(midnight)) return candidates->earlier;
  // The clocks jumped over midnight: the day starts where they landed, at the change itself.
  const std::int64_t wall = local_count(midnight);
  const OffsetSpan* span = span_at(wall - kMaxOffset);
  while (span != &spans_.back() && span->from + span->offset <= wall) ++span;
  return instant_from_epoch(span->from);
}

TimeRange SiteCalendar::day(date::local_days day) const {
  return {start_of_day(day), start_of_day(day + date::days{1})};
}

TimeRange SiteCalendar::month(date::year_month month) const {
  return {start_of_day(date::local_days{month / 1}), start_of_day(date::local_days{(month + date::months{1}) / 1})};
}

TimeRange SiteCalendar::month_closed_by(Instant instant) const {
  const date::year_month_day day{day_of(instant - Seconds{1})};
  date::year_month which{day.year(), day.month()};
  // A zone that turns its clocks back over midnight of the first has an hour of the old month after the new one began.
  TimeRange range = month(which);
  if (instant > range.to) range = month(which += date::months{1});
  return range;
}

void SiteCalendar::append(std::string& out, Instant instant) const { append_iso8601(out, instant, offset_at(instant)); }

std::string SiteCalendar::format(Instant instant) const { return format_iso8601(instant, offset_at(instant)); }

}  // namespace meterhouse

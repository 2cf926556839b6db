#include "service/jobs/retention.h"

#include <charconv>

namespace meterhouse {
namespace {

// Seconds since 1970.
constexpr std::string_view kDropped = "retention.dropped";
constexpr std::string_view kKeptFrom = "retention.kept_from";

Result<std::optional<Instant>> moment(const Catalog& catalog, std::string_view name) {
  const auto text = catalog.state(name);
  if (!text) return text.error();
  if (!*text) return std::optional<Instant>{};
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars((*text)->data(), (*text)->data() + (*text)->size(), seconds);
  if (error != std::errc{} || end != (*text)->data() + (*text)->size())
    return Error{Errc::corruption, fmt::format("{} is no moment: '{:.20}'", name, **text)};
  return std::optional{instant_from_epoch(seconds)};
}

Status note(Catalog& catalog, std::string_view name, Instant at) {
  return catalog.set_state(name, std::to_string(epoch_seconds(at)));
}

}  // namespace

Result<std::uint64_t> drop_months(ReadingStore& store, Catalog& catalog, const Clock& clock, Instant month_start) {
  const auto kept_from = moment(catalog, kKeptFrom);
  if (!kept_from) return kept_from.error();
  if (!*kept_from || **kept_from < month_start)
    if (auto noted = note(catalog, kKeptFrom, month_start); !noted) return noted.error();
  const auto dropped = store.drop_before(month_start);
  if (dropped && *dropped == 0) return dropped;
  if (auto noted = note(catalog, kDropped, clock.now()); !noted) return noted.error();
  return dropped;
}

Result<std::optional<Instant>> months_dropped(const Catalog& catalog) { return moment(catalog, kDropped); }

// Of the month that month_start lies in nothing is let go.
Result<bool> is_dropped(const Catalog& catalog, const SiteCalendar& calendar, date::local_days day) {
  const auto kept_from = moment(catalog, kKeptFrom);
  if (!kept_from) return kept_from.error();
  if (!*kept_from) return false;
  const date::year_month_day kept{calendar.day_of(**kept_from)};
  return day < date::local_days{kept.year() / kept.month() / date::day{1}};
}

}  // namespace meterhouse

#include "service/jobs/retention.h"

#include <charconv>

namespace meterhouse {
namespace {

constexpr std::string_view kDropped = "retention.dropped";  // seconds since 1970

}  // namespace

Result<std::uint64_t> drop_months(ReadingStore& store, Catalog& catalog, const Clock& clock, Instant month_start) {
  const auto dropped = store.drop_before(month_start);
  if (dropped && *dropped == 0) return dropped;
  const auto now = std::to_string(epoch_seconds(clock.now()));
  if (auto noted = catalog.set_state(kDropped, now); !noted) return noted.error();
  return dropped;
}

Result<std::optional<Instant>> months_dropped(const Catalog& catalog) {
  const auto text = catalog.state(kDropped);
  if (!text) return text.error();
  if (!*text) return std::optional<Instant>{};
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars((*text)->data(), (*text)->data() + (*text)->size(), seconds);
  if (error != std::errc{} || end != (*text)->data() + (*text)->size())
    return Error{Errc::corruption, fmt::format("{} is no moment: '{:.20}'", kDropped, **text)};
  return std::optional{instant_from_epoch(seconds)};
}

}  // namespace meterhouse

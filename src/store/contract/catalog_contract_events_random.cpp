#include <gmock/gmock.h>

#include <algorithm>

#include "store/contract/catalog_contract.h"
#include "store/contract/event_pages.h"
#include "store/contract/random.h"

namespace meterhouse {
namespace {

// The catalog's events as a plain list.
class EventModel {
 public:
  std::vector<Event> add(std::vector<Event> events) {
    for (Event& event : events) event.id = ++last_id_;
    events_.insert(events_.end(), events.begin(), events.end());
    return events;
  }
  std::uint64_t drop(Instant before, std::uint64_t newest_kept) {
    const std::size_t had = events_.size();
    if (had > newest_kept) events_.erase(events_.begin(), events_.end() - static_cast<std::ptrdiff_t>(newest_kept));
    std::erase_if(events_, [&](const Event& event) { return event.at < before; });
    return had - events_.size();
  }
  std::vector<Event> matching(const EventFilter& filter) const {
    std::vector<Event> matching;
    std::ranges::copy_if(events_, std::back_inserter(matching), [&](const Event& event) {
      const bool of_type = filter.types.empty() || std::ranges::count(filter.types, event.type) > 0;
      const bool in_time = event.at >= filter.from.value_or(event.at) && (!filter.to || event.at < *filter.to);
      return of_type && in_time && (!filter.meter || event.meter == filter.meter);
    });
    return matching;
  }

 private:
  std::int64_t last_id_ = 0;
  std::vector<Event> events_;
};

class RandomEvents {
 public:
  explicit RandomEvents(std::uint64_t seed) : random_(seed) {}

  Random& random() { return random_; }
  // The clock goes on, seldom back.
  std::vector<Event> batch() {
    std::vector<Event> events;
    for (std::uint64_t left = random_.below(12); left > 0; --left) {
      now_ += Seconds{random_.one_in(20) ? random_.between(-20'000, 0) : random_.between(0, 2'000)};
      Event event{.at = now_, .type = random_.pick(types_), .message = fmt::format("m{}", random_.below(1'000))};
      event.meter = maybe_meter();
      events.push_back(std::move(event));
    }
    return events;
  }
  EventFilter filter() {
    EventFilter filter;
    for (std::uint64_t left = random_.below(4); left > 0; --left) filter.types.push_back(random_.pick(types_));
    if (random_.one_in(2)) filter.from = instant();
    if (random_.one_in(2)) filter.to = instant();
    filter.meter = random_.one_in(3) ? maybe_meter() : std::nullopt;
    return filter;
  }
  Instant instant() { return now_ - Seconds{random_.between(-5'000, 100'000)}; }

 private:
  std::optional<MeterId> maybe_meter() {
    if (random_.one_in(2)) return std::nullopt;
    return MeterId::from_number(static_cast<std::uint32_t>(random_.below(4)));
  }

  Random random_;
  Instant now_ = instant_from_epoch(1'740'052'800);
  const std::vector<std::string> types_{"system", "error", "daily_jobs", "meter_reading", "no event has it"};
};

TEST_P(CatalogContract, EventsAnswerLikeAListAfterRandomOperations) {
  SCOPED_TRACE(fmt::format("MH_TEST_SEED={}", test_seed()));
  RandomEvents events{test_seed()};
  EventModel model;
  for (int i = 0; i < 400 && !HasFailure(); ++i) {
    SCOPED_TRACE(i);
    const auto dice = events.random().below(12);
    if (dice < 5) {
      const auto batch = events.batch();
      EXPECT_EQ(must(catalog().add_events(batch)), model.add(batch));
    } else if (dice < 10) {
      const EventFilter filter = events.filter();
      auto expected = model.matching(filter);
      const std::size_t limit = 1 + events.random().below(40);
      EXPECT_EQ(all_events(catalog(), filter, EventOrder::oldest_first, limit), expected);
      std::ranges::reverse(expected);
      EXPECT_EQ(all_events(catalog(), filter, EventOrder::newest_first, limit), expected);
    } else if (dice == 10) {
      const Instant before = events.instant() - Seconds{90'000};
      const std::uint64_t newest_kept = 100 + events.random().below(100);
      EXPECT_EQ(must(catalog().drop_events(before, newest_kept)), model.drop(before, newest_kept));
    } else if (events.random().one_in(5)) {
      place().reopen();
    }
  }
}

}  // namespace
}  // namespace meterhouse

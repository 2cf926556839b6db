#include "service/events/event_log.h"

#include <algorithm>

#include "base/printable.h"
#include "base/utf8.h"

namespace meterhouse {
namespace {

Instant stored_time(const Clock& clock) { return std::clamp(clock.now(), kFirstInstant, kLastInstant); }

// What of the fields can be kept.
std::string stored_fields(std::string fields) {
  if (fields.size() <= EventLog::kMaxFieldsBytes && !first_not_utf8(fields)) return fields;
  return fmt::format(R"({{"fields_left_out_bytes":{}}})", fields.size());
}

Error no_catalog() { return {Errc::unavailable, "there is no catalog for events yet"}; }

}  // namespace

EventLog::EventLog(const Clock& clock, Options options)
    : clock_(clock), options_(options), state_(options.queued_events_max) {
  writer_ = std::thread{[this] { run(); }};
}

EventLog::~EventLog() { (void)close(); }

void EventLog::begin(EventCatalog& catalog) {
  {
    const std::scoped_lock lock{mutex_};
    state_.catalog = &catalog;
  }
  wake_.notify_one();
}

Event EventLog::event_of(std::string_view type, std::string_view message) const {
  return {.at = stored_time(clock_), .type = std::string{type}, .message = printable(message, kMaxMessageBytes)};
}

void EventLog::record(std::string_view type, std::string_view message, std::string fields,
                      std::optional<MeterId> meter) {
  Event event = event_of(type, message);
  event.meter = meter;
  event.fields = stored_fields(std::move(fields));
  std::unique_lock lock{mutex_};
  if (state_.closing) {
    lock.unlock();
    return show({&event, 1});
  }
  if (!may_list(event)) return;
  if (!state_.queue.push(std::move(event))) ++state_.stats.dropped;
  const bool full_batch = state_.queue.size() == kBatchEvents;
  lock.unlock();
  if (full_batch) wake_.notify_one();
}

void EventLog::say(std::string_view type, std::string_view message) {
  const Event event = event_of(type, message);
  show({&event, 1});
}

bool EventLog::may_list(const Event& event) {
  Listed& listed = state_.listed[event.type];
  if (listed.second != event.at) {
    note_more(event.type, listed);
    listed = {.second = event.at};
  }
  const bool fits = listed.count < options_.listed_per_second_max;
  ++(fits ? listed.count : listed.more);
  return fits;
}

void EventLog::note_more(std::string_view type, Listed& listed) {
  if (listed.more == 0) return;
  Event event{.at = listed.second,
              .type = std::string{type},
              .message = fmt::format("{} more events of this type in this second are not listed", listed.more),
              .fields = fmt::format(R"({{"not_listed":{}}})", listed.more)};
  if (!state_.queue.push(std::move(event))) ++state_.stats.dropped;
  listed.more = 0;
}

Status EventLog::flush() {
  std::unique_lock lock{mutex_};
  const std::uint64_t wanted = ++state_.flushes_wanted;
  wake_.notify_one();
  done_.wait(lock, [&] { return state_.flushes_done >= wanted || state_.closed; });
  return state_.last_flush;
}

Result<std::uint64_t> EventLog::trim(Seconds age, std::uint64_t count) {
  EventCatalog* catalog = nullptr;
  {
    const std::scoped_lock lock{mutex_};
    catalog = state_.catalog;
  }
  if (catalog == nullptr) return no_catalog();
  return catalog->drop_events(std::max(kFirstInstant, stored_time(clock_) - age), count);
}

EventLog::Stats EventLog::stats() const {
  const std::scoped_lock lock{mutex_};
  Stats stats = state_.stats;
  stats.waiting = state_.queue.size();
  stats.followers = feed_.followers();
  return stats;
}

Status EventLog::close() {
  std::call_once(close_once_, [this] {
    {
      const std::scoped_lock lock{mutex_};
      state_.closing = true;
    }
    wake_.notify_one();
    writer_.join();
  });
  const std::scoped_lock lock{mutex_};
  return state_.last_flush;
}

void EventLog::run() {
  for (bool last = false; !last;) {
    std::unique_lock lock{mutex_};
    wake_.wait_for(lock, options_.write_interval, [this] {
      const bool batch_waits = state_.queue.size() >= kBatchEvents && state_.catalog && !state_.stats.failing;
      return state_.closing || state_.flushes_wanted > state_.flushes_done || batch_waits;
    });
    last = state_.closing;
    const std::uint64_t wanted = state_.flushes_wanted;
    const bool flushing = last || wanted > state_.flushes_done;
    EventCatalog* const catalog = state_.catalog;
    lock.unlock();

    Status written = write_pass(flushing ? Pass::forced : Pass::timed, catalog);
    if (last && !written && catalog != nullptr) give_up(written.error());

    lock.lock();
    if (flushing) state_.last_flush = std::move(written);
    state_.flushes_done = wanted;
    state_.closed = last;
    lock.unlock();
    done_.notify_all();
  }
}

// Writes what waits now, in batches. What comes meanwhile is for the next pass.
Status EventLog::write_pass(Pass pass, EventCatalog* catalog) {
  std::size_t left = batch_.size() + collect(pass);
  Status done = catalog != nullptr ? Status{} : no_catalog();
  while (done && left > 0) {
    if (batch_.empty()) take_batch();
    const std::size_t count = batch_.size();
    auto added = catalog->add_events(batch_);
    if (added) {
      written(*added);
      trim_where_many(*catalog, count);
    } else {
      failed(added.error());
      done = added.error();
    }
    left -= std::min(left, count);
  }
  if (!done) show_waiting();
  return done;
}

// Where it fails, so will the next write, or the daily job's trim, which tell it.
void EventLog::trim_where_many(EventCatalog& catalog, std::uint64_t count) {
  written_since_trim_ += count;
  if (options_.kept_max == 0 || written_since_trim_ <= options_.kept_max / 10) return;
  written_since_trim_ = 0;
  (void)catalog.drop_events(kFirstInstant, options_.kept_max);
}

// Makes events of what was counted, where it is time and there is room. How many wait in the queue.
std::size_t EventLog::collect(Pass pass) {
  const Instant now = stored_time(clock_);
  const std::scoped_lock lock{mutex_};
  for (auto& [type, listed] : state_.listed)
    if (pass == Pass::forced || listed.second != now) note_more(type, listed);
  if ((pass == Pass::forced || now != state_.tallied_at) && !state_.queue.full()) {
    if (auto tally = tally_.take(now)) (void)state_.queue.push(std::move(*tally));
    state_.tallied_at = now;
  }
  return state_.queue.size();
}

void EventLog::take_batch() {
  EventQueue::Taken taken;
  {
    const std::scoped_lock lock{mutex_};
    taken = state_.queue.take(kBatchEvents);
  }
  batch_ = std::move(taken.events);
  show(std::span{batch_}.subspan(taken.shown));
}

void EventLog::show_waiting() {
  std::vector<Event> waiting;
  {
    const std::scoped_lock lock{mutex_};
    waiting = state_.queue.unshown();
  }
  show(waiting);
}

void EventLog::show(std::span<const Event> events) {
  if (options_.sink == nullptr) return;
  for (const Event& event : events) options_.sink->write(event);
}

void EventLog::written(const std::vector<Event>& events) {
  batch_.clear();
  {
    const std::scoped_lock lock{mutex_};
    state_.stats.written += events.size();
    state_.stats.failing = false;
  }
  if (failing_since_) {
    const std::int64_t seconds = (stored_time(clock_) - *failing_since_).count();
    failing_since_.reset();
    record(event_type::kError, fmt::format("for {} s no event could be written; they waited", seconds),
           fmt::format(R"({{"seconds":{}}})", seconds));
  }
  feed_.publish(events);
}

void EventLog::failed(const Error& error) {
  if (failing_since_) return;
  failing_since_ = stored_time(clock_);
  say(event_type::kError, fmt::format("events cannot be written and wait: {}", error.message));
  const std::scoped_lock lock{mutex_};
  state_.stats.failing = true;
}

// The sink gets what the catalog does not.
void EventLog::give_up(const Error& error) {
  std::size_t lost = 0;
  for (; !batch_.empty(); take_batch()) lost += batch_.size();
  say(event_type::kError, fmt::format("{} events are not in the catalog: {}", lost, error.message));
}

}  // namespace meterhouse

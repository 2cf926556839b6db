#include "service/event_log.h"

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

}  // namespace

EventLog::EventLog(EventCatalog& catalog, const Clock& clock, Options options)
    : catalog_(catalog), clock_(clock), options_(options), state_(options.queued_events_max) {
  writer_ = std::thread{[this] { run(); }};
}

EventLog::~EventLog() { (void)close(); }

void EventLog::record(std::string_view type, std::string_view message, std::string fields,
                      std::optional<MeterId> meter) {
  Event event{.at = stored_time(clock_),
              .type = std::string{type},
              .meter = meter,
              .message = printable(message, kMaxMessageBytes),
              .fields = stored_fields(std::move(fields))};
  std::size_t waiting = 0;
  {
    const std::scoped_lock lock{mutex_};
    if (state_.closing) return;
    if (!state_.queue.push(std::move(event))) ++state_.stats.dropped;
    waiting = state_.queue.size();
  }
  if (waiting == kBatchEvents) wake_.notify_one();
}

Status EventLog::flush() {
  std::unique_lock lock{mutex_};
  const std::uint64_t wanted = ++state_.flushes_wanted;
  wake_.notify_one();
  done_.wait(lock, [&] { return state_.flushes_done >= wanted || state_.closed; });
  return state_.last_flush;
}

Result<std::uint64_t> EventLog::trim(Seconds age, std::uint64_t count) {
  return catalog_.drop_events(std::max(kFirstInstant, stored_time(clock_) - age), count);
}

EventLog::Stats EventLog::stats() const {
  const std::scoped_lock lock{mutex_};
  Stats stats = state_.stats;
  stats.waiting = state_.queue.size();
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
      const bool batch_waits = state_.queue.size() >= kBatchEvents && !state_.stats.failing;
      return state_.closing || state_.flushes_wanted > state_.flushes_done || batch_waits;
    });
    last = state_.closing;
    const std::uint64_t wanted = state_.flushes_wanted;
    const bool flushing = last || wanted > state_.flushes_done;
    lock.unlock();

    Status written = write_pass(flushing ? Pass::forced : Pass::timed);
    if (last && !written) give_up(written.error());

    lock.lock();
    if (flushing) state_.last_flush = std::move(written);
    state_.flushes_done = wanted;
    state_.closed = last;
    lock.unlock();
    done_.notify_all();
  }
}

// Writes what waits now, in batches. What comes meanwhile is for the next pass.
Status EventLog::write_pass(Pass pass) {
  for (std::size_t left = batch_.size() + collect(pass); left > 0;) {
    if (batch_.empty()) take_batch();
    const std::size_t count = batch_.size();
    auto added = catalog_.add_events(batch_);
    if (!added) {
      failed(added.error());
      return added.error();
    }
    written(*added);
    left -= std::min(left, count);
  }
  return {};
}

// Makes an event of the readings counted, where it is time and there is room. How many wait in the queue.
std::size_t EventLog::collect(Pass pass) {
  const Instant now = stored_time(clock_);
  const std::scoped_lock lock{mutex_};
  if ((pass == Pass::forced || now != state_.tallied_at) && !state_.queue.full()) {
    if (auto tally = tally_.take(now)) (void)state_.queue.push(std::move(*tally));
    state_.tallied_at = now;
  }
  return state_.queue.size();
}

void EventLog::take_batch() {
  {
    const std::scoped_lock lock{mutex_};
    batch_ = state_.queue.take(kBatchEvents);
  }
  if (options_.sink == nullptr) return;
  for (const Event& event : batch_) options_.sink->write(event);
  options_.sink->flush();
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
  tell_sink(fmt::format("events cannot be written and wait: {}", error.message));
  const std::scoped_lock lock{mutex_};
  state_.stats.failing = true;
}

// The sink gets what the catalog does not.
void EventLog::give_up(const Error& error) {
  std::size_t lost = 0;
  for (; !batch_.empty(); take_batch()) lost += batch_.size();
  tell_sink(fmt::format("{} events are not in the catalog: {}", lost, error.message));
}

void EventLog::tell_sink(std::string message) {
  if (options_.sink == nullptr) return;
  options_.sink->write({.at = stored_time(clock_),
                        .type = std::string{event_type::kError},
                        .message = printable(message, kMaxMessageBytes)});
  options_.sink->flush();
}

}  // namespace meterhouse

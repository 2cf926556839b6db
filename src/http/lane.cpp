#include "http/lane.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "http/response_head.h"

namespace meterhouse {

Lane::Lane(const ServerOptions& options, Application& application, const Clock& clock, ServerCounters& counters,
           Budget& held_answers)
    : options_(options),
      application_(application),
      clock_(clock),
      counters_(counters),
      held_answers_(held_answers),
      context_(1),
      sweep_timer_(context_.get_executor()) {
  sweep_later();
}

std::string_view Lane::date() {
  const Instant now = clock_.now();
  if (now != date_second_ || date_.empty()) {
    date_second_ = now;
    date_ = http_date(now);
  }
  return date_;
}

void Lane::run() { context_.run(); }

void Lane::stop() {
  boost::asio::post(context_, [this] {
    if (stopping_) return;
    stopping_ = true;
    kill_at_ = now() + options_.stop_grace;
    for (auto member = members_.begin(); member != members_.end();) (member++)->request_stop();
    if (members_.empty()) sweep_timer_.cancel();
  });
}

void Lane::enter(LaneMember& member) {
  members_.push_back(member);
  ++counters_.open;
  if (stopping_) member.request_stop();
}

void Lane::leave(LaneMember& member) {
  members_.erase(members_.iterator_to(member));
  --counters_.open;
  if (stopping_ && members_.empty()) sweep_timer_.cancel();
}

void Lane::sweep_later() {
  // Often enough that the shortest deadline is not overstepped by more than a quarter.
  const auto shortest = std::min({options_.header_deadline, options_.body_grace, options_.idle_deadline,
                                  options_.write_deadline, options_.linger, options_.stop_grace});
  const auto period = std::clamp(shortest / 4, ServerOptions::Milliseconds{5}, ServerOptions::Milliseconds{500});
  sweep_timer_.expires_after(period);
  sweep_timer_.async_wait([this](const boost::system::error_code&) { sweep(); });
}

void Lane::sweep() {
  const SteadyTime time = now();
  for (auto member = members_.begin(); member != members_.end();) {
    LaneMember& current = *member++;
    current.look();
    if (stopping_ && time >= kill_at_) {
      current.close_now();
    } else if (time >= current.deadline) {
      current.deadline = SteadyTime::max();
      current.expire();
    }
  }
  if (!stopping_ || !members_.empty()) sweep_later();
}

}  // namespace meterhouse

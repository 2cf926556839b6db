#include "service/events/event_sink.h"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <string_view>

#include "service/events/event_types.h"

namespace meterhouse {

std::string event_as_text(const Event& event, const SiteCalendar& calendar) {
  std::string time = calendar.format(event.at);  // 2025-02-20T10:30:00+08:00
  time.resize(19);
  time[10] = ' ';
  std::string line = fmt::format("{} {}", time, event.type);
  if (event.meter) line.append(" ").append(event.meter->text());
  line += ": ";
  for (const char c : event.message) line += c == '\n' ? ' ' : c;
  if (event.fields != "{}") line.append(" ").append(event.fields);
  return line + "\n";
}

std::string event_as_json(const Event& event, const SiteCalendar& calendar) {
  const auto quoted = [](std::string_view text) { return boost::json::serialize(boost::json::string{text}); };
  std::string line = fmt::format(R"({{"time":"{}","type":{},)", calendar.format(event.at), quoted(event.type));
  if (event.meter) line += fmt::format(R"("meter_id":"{}",)", event.meter->text());
  return line + fmt::format("\"message\":{},\"fields\":{}}}\n", quoted(event.message), event.fields);
}

std::string StreamEventSink::line_of(const Event& event) const {
  return format_ == Format::text ? event_as_text(event, calendar_) : event_as_json(event, calendar_);
}

void StreamEventSink::write(const Event& event) {
  const std::scoped_lock lock{mutex_};
  if (left_out_ > 0) {
    const Event note{.at = event.at,
                     .type = std::string{event_type::kSystem},
                     .message = fmt::format("{} events are not shown here: nobody read them", left_out_),
                     .fields = fmt::format(R"({{"not_shown":{}}})", left_out_)};
    if (put(line_of(note))) left_out_ = 0;
  }
  if (left_out_ > 0 || !put(line_of(event))) ++left_out_;
}

// False: nothing of it was written.
bool StreamEventSink::put(std::string_view line) {
  if (!send_rest() || !has_room()) return false;
  rest_ = line;
  (void)send_rest();  // what is left goes before the next line
  return true;
}

bool StreamEventSink::send_rest() {
  while (!rest_.empty()) {
    if (!has_room()) return false;
    // Where there is room at all, a pipe takes so much without waiting.
    const auto sent = ::write(descriptor_, rest_.data(), std::min<std::size_t>(rest_.size(), PIPE_BUF));
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    rest_.erase(0, static_cast<std::size_t>(sent));
  }
  return true;
}

bool StreamEventSink::has_room() {
  pollfd stream{.fd = descriptor_, .events = POLLOUT, .revents = 0};
  const int timeout = stalled_ ? 0 : static_cast<int>(kPatience.count());
  stalled_ = ::poll(&stream, 1, timeout) != 1 || (stream.revents & POLLOUT) == 0;
  return !stalled_;
}

}  // namespace meterhouse

#include "service/event_sink.h"

#include <boost/json.hpp>
#include <string_view>

namespace meterhouse {

std::string event_as_text(const Event& event, const SiteCalendar& calendar) {
  std::string time = calendar.format(event.at);  // 2025-02-20T10:30:00+08:00
  time.resize(19);
  time[10] = ' ';
  std::string line = fmt::format("{} {}", time, event.type);
  if (event.meter) line += " " + event.meter->text();
  line += ": ";
  for (const char c : event.message) line += c == '\n' ? ' ' : c;
  if (event.fields != "{}") line += " " + event.fields;
  return line + "\n";
}

std::string event_as_json(const Event& event, const SiteCalendar& calendar) {
  const auto quoted = [](std::string_view text) { return boost::json::serialize(boost::json::string{text}); };
  std::string line = fmt::format(R"({{"time":"{}","type":{},)", calendar.format(event.at), quoted(event.type));
  if (event.meter) line += fmt::format(R"("meter_id":"{}",)", event.meter->text());
  return line + fmt::format("\"message\":{},\"fields\":{}}}\n", quoted(event.message), event.fields);
}

void StreamEventSink::write(const Event& event) {
  const std::string line = format_ == Format::text ? event_as_text(event, calendar_) : event_as_json(event, calendar_);
  (void)std::fwrite(line.data(), 1, line.size(), &stream_);
}

void StreamEventSink::flush() { (void)std::fflush(&stream_); }

}  // namespace meterhouse

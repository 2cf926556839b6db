#pragma once

#include <cstdio>
#include <string>

#include "base/site_calendar.h"
#include "model/event.h"

namespace meterhouse {

// Where events go besides the catalog. One thread at a time.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void write(const Event& event) = 0;
  virtual void flush() {}  // after some were written
};

// One line an event, with its line feed: for a person, "2025-02-20 10:30:00 error 100000001: cannot … {"errno":5}" by
// the site's clock; for a program,
// {"time":"2025-02-20T10:30:00+08:00","type":"error","meter_id":"100000001","message":"…", "fields":{…}}, without
// meter_id where it is about none.
std::string event_as_text(const Event& event, const SiteCalendar& calendar);
std::string event_as_json(const Event& event, const SiteCalendar& calendar);

// Writes lines to a stream of the C library; that it fails (nobody reads it any more) is nobody's concern.
class StreamEventSink final : public EventSink {
 public:
  enum class Format : std::uint8_t { text, json };

  // Both outlive the sink.
  StreamEventSink(std::FILE& stream, Format format, const SiteCalendar& calendar)
      : stream_(stream), format_(format), calendar_(calendar) {}
  void write(const Event& event) override;
  void flush() override;

 private:
  std::FILE& stream_;
  const Format format_;
  const SiteCalendar& calendar_;
};

}  // namespace meterhouse

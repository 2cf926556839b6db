#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "base/site_calendar.h"
#include "model/event.h"

namespace meterhouse {

// Where events go besides the catalog. Any thread.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void write(const Event& event) = 0;
};

// One line an event, with its line feed: for a person, "2025-02-20 10:30:00 error 100000001: cannot … {"errno":5}" by
// the site's clock; for a program,
// {"time":"2025-02-20T10:30:00+08:00","type":"error","meter_id":"100000001","message":"…", "fields":{…}}, without
// meter_id where it is about none.
std::string event_as_text(const Event& event, const SiteCalendar& calendar);
std::string event_as_json(const Event& event, const SiteCalendar& calendar);

// Writes lines to a file descriptor. A reader that stands still (a pipe that nobody reads, a terminal that is held)
// delays once by kPatience; from then on what it has no room for is left out, and when it goes on a line tells how
// much. A line that was begun is always ended. That a write fails is nobody's concern.
class StreamEventSink final : public EventSink {
 public:
  static constexpr std::chrono::milliseconds kPatience{1'000};
  enum class Format : std::uint8_t { text, json };

  // The descriptor and the calendar outlive the sink.
  StreamEventSink(int descriptor, Format format, const SiteCalendar& calendar)
      : descriptor_(descriptor), format_(format), calendar_(calendar) {}
  void write(const Event& event) override;

 private:
  std::string line_of(const Event& event) const;
  bool put(std::string_view line);
  bool send_rest();
  bool has_room();

  const int descriptor_;
  const Format format_;
  const SiteCalendar& calendar_;
  std::mutex mutex_;  // one line behind the other
  std::string rest_;  // of a line that was begun
  bool stalled_ = false;
  std::uint64_t left_out_ = 0;
};

}  // namespace meterhouse

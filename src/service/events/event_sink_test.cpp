#include "service/events/event_sink.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <csignal>
#include <sstream>

#include "base/check.h"
#include "store/contract/must.h"

namespace meterhouse {
namespace {

class EventLine : public testing::Test {
 protected:
  const SiteCalendar singapore_ = must(SiteCalendar::of("Asia/Singapore"));
  const Event plain_{.at = instant_from_epoch(1'740'018'600), .type = "system", .message = "started"};
  const Event full_{.at = instant_from_epoch(1'740'018'600),
                    .type = "error",
                    .meter = MeterId::from_number(42),
                    .message = "cannot read \"a\"\nof 电表",
                    .fields = R"({"errno":5})"};
};

TEST_F(EventLine, OfAPersonIsBySiteTimeAndOneLine) {
  EXPECT_EQ(event_as_text(plain_, singapore_), "2025-02-20 10:30:00 system: started\n");
  EXPECT_EQ(event_as_text(full_, singapore_),
            "2025-02-20 10:30:00 error 000000042: cannot read \"a\" of 电表 {\"errno\":5}\n");
}

TEST_F(EventLine, OfAProgramIsOneJsonObject) {
  EXPECT_EQ(event_as_json(plain_, singapore_),
            "{\"time\":\"2025-02-20T10:30:00+08:00\",\"type\":\"system\",\"message\":\"started\",\"fields\":{}}\n");
  const std::string line = event_as_json(full_, singapore_);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto object = boost::json::parse(line).as_object();
  EXPECT_EQ(object.at("meter_id"), "000000042");
  EXPECT_EQ(object.at("message"), "cannot read \"a\"\nof 电表");
  EXPECT_EQ(object.at("fields").as_object().at("errno"), 5);
}

class EventPipe : public EventLine {
 protected:
  EventPipe() { MH_CHECK(::pipe(ends_.data()) == 0); }
  ~EventPipe() override {
    ::close(ends_[0]);
    if (writing_) ::close(ends_[1]);
  }
  // What is in the pipe.
  std::string read_some() {
    std::string some(1 << 20, '\0');
    const auto count = ::read(ends_[0], some.data(), some.size());
    some.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
    return some;
  }
  std::string read_to_end() {
    ::close(ends_[1]);
    writing_ = false;
    std::string all;
    for (std::string some = read_some(); !some.empty(); some = read_some()) all += some;
    return all;
  }

  std::array<int, 2> ends_{};
  bool writing_ = true;
};

TEST_F(EventPipe, GetsThemInTheFormatAskedFor) {
  StreamEventSink text{ends_[1], StreamEventSink::Format::text, singapore_};
  text.write(full_);
  text.write(plain_);
  StreamEventSink json{ends_[1], StreamEventSink::Format::json, singapore_};
  json.write(full_);
  EXPECT_EQ(read_to_end(),
            event_as_text(full_, singapore_) + event_as_text(plain_, singapore_) + event_as_json(full_, singapore_));
}

TEST_F(EventPipe, ThatNobodyReadsDelaysOnceAndGetsWholeLines) {
  StreamEventSink sink{ends_[1], StreamEventSink::Format::json, singapore_};
  Event event = plain_;
  event.message = std::string(3'000, 'x');
  for (int i = 0; i < 1'000; ++i) sink.write(event);  // each waiting for kPatience would take 16 minutes
  std::string got = read_some();
  sink.write(plain_);
  got += read_to_end();
  std::istringstream lines{got};
  std::vector<std::string> messages;
  std::uint64_t left_out = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto object = boost::json::parse(line).as_object();
    messages.emplace_back(object.at("message").as_string());
    if (const auto* count = object.at("fields").as_object().if_contains("not_shown"))
      left_out = static_cast<std::uint64_t>(count->as_int64());
  }
  ASSERT_GE(messages.size(), 3u);
  EXPECT_EQ(messages.front(), event.message);
  EXPECT_EQ(messages.back(), "started");
  EXPECT_EQ(left_out + messages.size() - 2, 1'000u) << "what is not shown is counted";
}

TEST_F(EventPipe, WhoseReaderIsGoneIsLeftAlone) {
  ::close(ends_[0]);
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  StreamEventSink sink{ends_[1], StreamEventSink::Format::text, singapore_};
  sink.write(plain_);
  sink.write(plain_);
  (void)std::signal(SIGPIPE, before);
  ends_[0] = ::dup(ends_[1]);
}

}  // namespace
}  // namespace meterhouse

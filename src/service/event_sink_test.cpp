#include "service/event_sink.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdio>

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

TEST_F(EventLine, GoesToTheStreamInTheFormatAskedFor) {
  for (const auto format : {StreamEventSink::Format::text, StreamEventSink::Format::json}) {
    std::FILE* const stream = std::tmpfile();
    ASSERT_NE(stream, nullptr);
    StreamEventSink sink{*stream, format, singapore_};
    sink.write(full_);
    sink.write(plain_);
    sink.flush();
    std::rewind(stream);
    std::string content(1'000, '\0');
    content.resize(std::fread(content.data(), 1, content.size(), stream));
    (void)std::fclose(stream);
    const bool text = format == StreamEventSink::Format::text;
    EXPECT_EQ(content, text ? event_as_text(full_, singapore_) + event_as_text(plain_, singapore_)
                            : event_as_json(full_, singapore_) + event_as_json(plain_, singapore_));
  }
}

}  // namespace
}  // namespace meterhouse

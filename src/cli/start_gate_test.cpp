#include "cli/start_gate.h"

#include <gtest/gtest.h>

#include "http/server.h"
#include "http/testing/echo_server.h"
#include "http/testing/raw_client.h"

namespace meterhouse::cli {
namespace {

TEST(StartGate, AnswersThatItStartsUntilItIsOpened) {
  StartGate gate;
  EchoApplication application;
  const SystemClock clock;
  ServerOptions options;
  options.port = 0;
  auto server = Server::start(options, gate, clock);
  ASSERT_TRUE(server.has_value()) << server.error().message;
  RawClient client{(*server)->port()};
  const auto ask = [&](std::string_view line, std::string_view body = "") {
    client.send(fmt::format("{} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{}", line, body.size(), body));
    return client.receive();
  };
  gate.begin_step("replaying");
  EXPECT_EQ(ask("GET /readyz")->body.find("progress"), std::string::npos);
  gate.note_replay(1'000, 300, 1'200);
  EXPECT_EQ(ask("GET /readyz")->body,
            R"({"status":"starting","detail":"the server is starting","step":"replaying","readings":1000,)"
            R"("progress":0.250})");
  gate.begin_step("reading the meters");
  struct Case {
    const char* line;
    int status;
    const char* words;
  };
  for (const Case& c :
       {Case{"GET /healthz", 200, R"("status":"ok")"}, Case{"GET /readyz", 503, R"("step":"reading the meters")"},
        Case{"POST /meter/reading", 503, R"("status":"error")"},
        Case{"POST /api/v1/readings", 503, R"("detail":"the server is starting: reading the meters")"},
        Case{"GET /", 503, "is starting"}}) {
    SCOPED_TRACE(c.line);
    const auto answer = ask(c.line, c.line[0] == 'P' ? R"({"meter_id":"100000001"})" : "");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, c.status);
    EXPECT_NE(answer->body.find(c.words), std::string::npos) << answer->body;
    EXPECT_EQ(answer->header("Retry-After").empty(), c.status == 200);
  }
  gate.open(application);
  const auto answer = ask("GET /echo");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  (*server)->stop();
}

}  // namespace
}  // namespace meterhouse::cli

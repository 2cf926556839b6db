#include "http/server.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <thread>

#include "http/testing/echo_server.h"
#include "http/testing/raw_client.h"

namespace meterhouse {
namespace {

using Milliseconds = std::chrono::milliseconds;

std::string gzip(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string post(std::string_view path, std::string_view headers, std::string_view body) {
  return fmt::format("POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n{}\r\n{}", path, body.size(),
                     headers, body);
}

// A second request behind the first: answered where the first was taken, and where it was refused the connection ends.
void expect_answer_and_canary(EchoServer& server, const std::string& request, int status) {
  RawClient client{server.port()};
  client.send(request);
  client.send("GET /canary HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto response = client.receive();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status, status) << response->body.substr(0, 200);
  if (status == 200) {
    const auto canary = client.receive();
    ASSERT_TRUE(canary.has_value()) << "the canary was not answered";
    EXPECT_EQ(canary->body, "GET /canary [] seen= auth= body=");
  } else {
    EXPECT_TRUE(response->closes());
    EXPECT_TRUE(client.closed()) << "the canary was answered";
  }
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  EchoServer server;
  RawClient client{server.port()};
  std::string all;
  for (int i = 0; i < 200; ++i)
    all += post(fmt::format("/echo?{}", i), "", std::string(static_cast<std::size_t>(i) * 7, 'x'));
  client.send(all);
  for (int i = 0; i < 200; ++i) {
    const auto response = client.receive();
    ASSERT_TRUE(response.has_value()) << i;
    EXPECT_TRUE(response->body.starts_with(fmt::format("POST /echo?{} ", i))) << response->body;
  }
}

TEST(Server, ReadsBodiesOfEverySizeAndShape) {
  EchoServer server;
  for (const std::size_t size : {0u, 1u, 4'000u, 5'000u, 300'000u, 3'000'000u}) {
    SCOPED_TRACE(size);
    const std::string body(size, 'b');
    std::string chunked = "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (std::size_t at = 0; at < size; at += 70'000) {
      const std::string_view piece = std::string_view{body}.substr(at, 70'000);
      chunked += fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
    }
    chunked += "0\r\n\r\n";
    RawClient client{server.port()};
    for (const std::string& request :
         {post("/echo", "", body), chunked, post("/echo", "Content-Encoding: gzip\r\n", gzip(body)),
          post("/echo", "Content-Encoding: gzip\r\n", gzip(body.substr(0, size / 2)) + gzip(body.substr(size / 2)))}) {
      std::thread sender{
          [&] { client.send(request); }};  // the answer is as long as the request: send and read together
      const auto response = client.receive();
      sender.join();
      ASSERT_TRUE(response.has_value());
      EXPECT_EQ(response->status, 200);
      EXPECT_EQ(response->body.size(), std::string_view{"POST /echo [] seen= auth= body="}.size() + size);
    }
  }
}

TEST(Server, BodyLimitCountsDecodedBytesAtTheBoundAndOnePastIt) {
  EchoServer server;
  struct Case {
    const char* name;
    std::string request;
    int status;
  };
  const std::string bound(1000, 'x');
  const std::string past(1001, 'x');
  for (const Case& c :
       {Case{"at the bound", post("/small", "", bound), 200}, Case{"one past", post("/small", "", past), 413},
        Case{"gzip at the bound", post("/small", "Content-Encoding: gzip\r\n", gzip(bound)), 200},
        Case{"gzip one past", post("/small", "Content-Encoding: gzip\r\n", gzip(past)), 413},
        Case{"chunked one past",
             fmt::format("POST /small HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                         "3e9\r\n{}\r\n0\r\n\r\n",
                         past),
             413}}) {
    SCOPED_TRACE(c.name);
    expect_answer_and_canary(server, c.request, c.status);
  }
}

TEST(Server, RefusesBrokenBodies) {
  EchoServer server;
  std::string flipped = gzip("hello hello hello");
  flipped[flipped.size() - 6] = static_cast<char>(flipped[flipped.size() - 6] ^ 1);
  const std::string whole = gzip(std::string(100'000, 'h'));
  struct Case {
    const char* name;
    std::string request;
    int status;
  };
  for (const Case& c :
       {Case{"not gzip", post("/echo", "Content-Encoding: gzip\r\n", "hello"), 400},
        Case{"gzip cut", post("/echo", "Content-Encoding: gzip\r\n", whole.substr(0, whole.size() / 2)), 400},
        Case{"gzip of nothing", post("/echo", "Content-Encoding: gzip\r\n", ""), 200},
        Case{"gzip checksum", post("/echo", "Content-Encoding: gzip\r\n", flipped), 400},
        Case{"rubbish behind gzip", post("/echo", "Content-Encoding: gzip\r\n", gzip("a") + "rubbish"), 400},
        Case{"explodes", post("/echo", "Content-Encoding: gzip\r\n", gzip(std::string(30'000'000, '\0'))), 413},
        Case{"unknown encoding", post("/echo", "Content-Encoding: br\r\n", "hello"), 415}}) {
    SCOPED_TRACE(c.name);
    expect_answer_and_canary(server, c.request, c.status);
  }
}

TEST(Server, AnswersATruncatedBodyWith400) {
  EchoServer server;
  RawClient client{server.port()};
  client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhello");
  client.finish_sending();
  const auto response = client.receive();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status, 400);
  EXPECT_TRUE(client.closed());
}

TEST(Server, ReadsOverABodyThatNoHandlerRead) {
  EchoServer server;
  RawClient whole{server.port()};
  whole.send(post("/ignore", "", "hello") + post("/echo", "", "next"));
  EXPECT_FALSE(whole.receive()->closes());
  EXPECT_EQ(whole.receive()->body, "POST /echo [] seen= auth= body=next");

  RawClient partly{server.port()};  // the rest may never come: the answer is given, and the connection ends
  partly.send("POST /ignore HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhello");
  EXPECT_TRUE(partly.receive()->closes());
  EXPECT_TRUE(partly.closed());
}

TEST(Server, HeadIsGetWithoutTheBody) {
  EchoServer server;
  RawClient client{server.port()};
  client.send("HEAD /a HTTP/1.1\r\nHost: localhost\r\n\r\nGET /b HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto head = client.receive(true);
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->header("Content-Length"), std::to_string(std::string{"HEAD /a [] seen= auth= body="}.size()));
  const auto get = client.receive();
  ASSERT_TRUE(get.has_value());
  EXPECT_EQ(get->body, "GET /b [] seen= auth= body=");
}

TEST(Server, ExpectContinueIsAnsweredWhenTheBodyIsWanted) {
  EchoServer server;
  RawClient wanted{server.port()};
  wanted.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  const auto go_on = wanted.receive();
  ASSERT_TRUE(go_on.has_value());
  EXPECT_EQ(go_on->status, 100);
  wanted.send("hello");
  EXPECT_EQ(wanted.receive()->body, "POST /echo [] seen= auth= body=hello");

  RawClient unwanted{server.port()};
  unwanted.send("POST /ignore HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  const auto answer = unwanted.receive();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 200);
  EXPECT_TRUE(answer->closes());
}

TEST(Server, KeepsHttp10OpenOnlyWhereAsked) {
  EchoServer server;
  RawClient plain{server.port()};
  plain.send("GET /a HTTP/1.0\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(plain.receive()->closes());
  EXPECT_TRUE(plain.closed());

  RawClient asked{server.port()};
  asked.send("GET /a HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(asked.receive()->header("Connection"), "keep-alive");
  asked.send("GET /b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(asked.receive()->closes());
  EXPECT_TRUE(asked.closed());
}

ServerOptions impatient() {
  ServerOptions options;
  options.header_deadline = options.body_grace = options.write_deadline = options.linger = Milliseconds{80};
  options.idle_deadline = Milliseconds{160};
  return options;
}

TEST(Server, DeadlinesByPhase) {
  EchoServer server{impatient()};
  struct Case {
    const char* name;
    std::string sent;
    int status;  // 0: closed without a word
  };
  for (const Case& c :
       {Case{"nothing", "", 0}, Case{"half a header", "GET / HTTP/1.1\r\nHos", 408},
        Case{"half a body", "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhello", 408},
        Case{"half a chunk", "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
             408}}) {
    SCOPED_TRACE(c.name);
    RawClient client{server.port()};
    client.send(c.sent);
    if (c.status != 0) {
      const auto response = client.receive();
      ASSERT_TRUE(response.has_value());
      EXPECT_EQ(response->status, c.status);
    }
    EXPECT_TRUE(client.closed());
  }
  EXPECT_EQ(server.server().stats().timeouts, 4u);
}

TEST(Server, ADripOfBytesDoesNotKeepARequestAlive) {
  ServerOptions options = impatient();
  options.body_bytes_per_second = 1'000'000;
  EchoServer server{options};
  RawClient client{server.port()};
  client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n");
  bool refused = false;
  const auto start = std::chrono::steady_clock::now();
  while (!refused && std::chrono::steady_clock::now() - start < std::chrono::seconds{4}) refused = !client.send("x");
  EXPECT_TRUE(refused);
}

std::string get_large(std::size_t bytes) {
  return fmt::format("GET /large?{} HTTP/1.1\r\nHost: localhost\r\n\r\n", bytes);
}

// More than the sockets' buffers take, so that the server has to hold it.
constexpr std::size_t kLarge = 40'000'000;

TEST(Server, AnswersHeldForTheirClientsAreBoundedOverAllConnections) {
  ServerOptions options;
  options.held_answer_bytes_max = 2 * kLarge;
  EchoServer server{options};
  RawClient first{server.port()};
  RawClient second{server.port()};
  for (RawClient* client : {&first, &second}) {
    client->send(get_large(kLarge));
    ASSERT_TRUE(client->wait_for("\r\n\r\n"));  // the rest is not read
  }
  RawClient third{server.port()};
  third.send(get_large(16 * 1024 + 1));
  EXPECT_EQ(third.receive()->status, 503);
  third.send(get_large(16 * 1024));
  EXPECT_EQ(third.receive()->status, 200) << "a short answer is not held against anybody";
  EXPECT_EQ(server.server().stats().answers_refused, 1U);

  const auto whole = first.receive();
  ASSERT_TRUE(whole.has_value());
  EXPECT_EQ(whole->body.size(), kLarge);
  first.send("GET /canary HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(first.receive().has_value());  // the answer before is over: its bytes were given back
  third.send(get_large(kLarge));
  EXPECT_EQ(third.receive()->status, 200) << "at the bound";
  third.send(get_large(kLarge + 1));
  EXPECT_EQ(third.receive()->status, 503) << "one past it";
}

// The client takes some bytes again and again, each time before write_deadline, but too few.
TEST(Server, ADripOfReadsDoesNotKeepAnAnswerAlive) {
  ServerOptions options;
  options.write_deadline = Milliseconds{400};
  options.answer_bytes_per_second = 1'000'000'000;
  EchoServer server{options};
  RawClient client{server.port()};
  client.send(get_large(kLarge));
  bool cut = false;
  std::size_t reads = 0;
  for (auto next = std::chrono::steady_clock::now(); !cut && reads < kLarge / (64 * 1024); ++reads) {
    while (std::chrono::steady_clock::now() < next) std::this_thread::yield();
    next += Milliseconds{5};
    cut = !client.drop_some();
  }
  EXPECT_TRUE(cut);
  EXPECT_EQ(server.server().stats().timeouts, 1U);
}

TEST(Server, TurnsConnectionsAwayOverTheCap) {
  ServerOptions options;
  options.connections_max = 2;
  EchoServer server{options};
  RawClient first{server.port()};
  RawClient second{server.port()};
  for (RawClient* client : {&first, &second}) {
    client->send("GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n");
    ASSERT_TRUE(client->receive().has_value());
  }
  RawClient third{server.port()};
  const auto response = third.receive();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status, 503);
  EXPECT_EQ(response->header("Retry-After"), "5");
}

TEST(Server, StopsWithIdleConnectionsOpen) {
  EchoServer server;
  RawClient idle{server.port()};
  idle.send("GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(idle.receive().has_value());
  RawClient fresh{server.port()};
  server.server().stop();
  EXPECT_TRUE(idle.closed());
}

TEST(Server, FinishesTheRequestInFlightWhenItStops) {
  EchoServer server;
  RawClient client{server.port()};
  client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  ASSERT_EQ(client.receive()->status, 100);  // the handler is waiting for the body now
  std::thread stopper{[&] { server.server().stop(); }};
  client.send("hello");
  const auto response = client.receive();
  stopper.join();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status, 200);
}

TEST(Server, SendsABodyInPieces) {
  EchoServer server;
  RawClient client{server.port()};
  client.send("GET /pieces?one,two,three HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client.send("HEAD /pieces?one HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client.send("GET /canary HTTP/1.1\r\nHost: localhost\r\n\r\n");
  auto response = client.receive();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->body, "onetwothree");
  EXPECT_EQ(response->header("Content-Length"), "");
  response = client.receive(true);
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->header("Transfer-Encoding"), "chunked");
  response = client.receive();
  ASSERT_TRUE(response.has_value());
  EXPECT_TRUE(response->body.starts_with("GET /canary"));
}

TEST(Server, SendsPiecesToAnOldClientUntilTheConnectionEnds) {
  EchoServer server;
  RawClient client{server.port()};
  client.send("GET /pieces?one,two HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n");
  const auto response = client.receive();
  ASSERT_TRUE(response.has_value());
  EXPECT_TRUE(response->closes());
  EXPECT_EQ(response->header("Transfer-Encoding"), "");
  EXPECT_EQ(client.rest(), "onetwo");
}

TEST(Server, ABodyThatFailsIsCut) {
  EchoServer server;
  RawClient client{server.port()};
  client.send("GET /pieces?one,fail,two HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_FALSE(client.receive().has_value());
}

TEST(Server, EndsABodyThatHasNoEndWhenItStops) {
  EchoServer server;
  RawClient client{server.port()};
  client.send("GET /pieces?one,wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(client.wait_for("one\r\n"));  // the head and the first piece are sent, the second is waited for
  server.server().stop();
  EXPECT_EQ(client.receive()->body, "one");
}

TEST(Server, SaysWhyItCannotListen) {
  EchoServer server;
  EchoApplication application;
  SystemClock clock;
  ServerOptions taken;
  taken.port = server.port();
  const auto second = Server::start(taken, application, clock);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Errc::unavailable);
  ServerOptions nonsense;
  nonsense.address = "nonsense";
  EXPECT_EQ(Server::start(nonsense, application, clock).error().code, Errc::invalid_argument);
}

}  // namespace
}  // namespace meterhouse

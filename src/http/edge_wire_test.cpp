// Every line of the edge policy over a raw socket, with a second request behind it as a canary: after a request that
// was taken it must be answered, after one that was refused it must not, and the connection must be closed.
#include <gtest/gtest.h>

#include "http/testing/echo_server.h"
#include "http/testing/raw_client.h"

namespace meterhouse {
namespace {

constexpr std::string_view kCanary = "GET /canary HTTP/1.1\r\nHost: localhost\r\n\r\n";

struct WireCase {
  std::string name;
  std::string request;
  int status;
  std::string body;  // of the echo, where it was taken
};

std::string post(std::string_view headers, std::string_view body) {
  return fmt::format("POST /echo HTTP/1.1\r\nHost: localhost\r\n{}\r\n{}", headers, body);
}

std::string many_headers(int count) {
  std::string headers;
  for (int i = 0; i < count; ++i) headers += "a:b\r\n";
  return headers;
}

std::vector<WireCase> refused_by_parser() {
  return {
      {"length and chunked", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400, ""},
      {"chunked and length", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), 400, ""},
      {"lengths that differ", post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"), 400, ""},
      {"length with a sign", post("Content-Length: +5\r\n", "hello"), 400, ""},
      {"length that is hexadecimal", post("Content-Length: 0x5\r\n", "hello"), 400, ""},
      {"length over 64 bits", post("Content-Length: 99999999999999999999\r\n", "hello"), 400, ""},
      {"empty length", post("Content-Length:\r\n", "hello"), 400, ""},
      {"negative length", post("Content-Length: -5\r\n", "hello"), 400, ""},
      {"length with a point", post("Content-Length: 5.0\r\n", "hello"), 400, ""},
      {"length of two numbers", post("Content-Length: 5 5\r\n", "hello"), 400, ""},
      {"space before the colon", post("Content-Length : 5\r\n", "hello"), 400, ""},
      {"chunked twice in a line", post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), 400, ""},
      {"bare LF", "GET / HTTP/1.1\nHost: localhost\n\n", 400, ""},
      {"bare LF behind a header", "GET / HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n", 400, ""},
      {"bare CR", "GET / HTTP/1.1\r\nHost: localhost\rX: y\r\n\r\n", 400, ""},
      {"NUL in a value", post(std::string("X: a\0b\r\n", 8), ""), 400, ""},
      {"NUL in a name", post(std::string("X\0: a\r\n", 7), ""), 400, ""},
      {"NUL in the target", std::string("GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n", 36), 400, ""},
      {"empty header name", post(": x\r\n", ""), 400, ""},
      {"space in a header name", post("X y: z\r\n", ""), 400, ""},
      {"header without a colon", post("X\r\n", ""), 400, ""},
      {"chunk size that is no number", post("Transfer-Encoding: chunked\r\n", "zz\r\nhello\r\n0\r\n\r\n"), 400, ""},
      {"no chunk size", post("Transfer-Encoding: chunked\r\n", "\r\nhello\r\n0\r\n\r\n"), 400, ""},
      {"bare LF behind a chunk size", post("Transfer-Encoding: chunked\r\n", "5\nhello\r\n0\r\n\r\n"), 400, ""},
      {"space before a chunk size", post("Transfer-Encoding: chunked\r\n", " 5\r\nhello\r\n0\r\n\r\n"), 400, ""},
      {"chunk size with a sign", post("Transfer-Encoding: chunked\r\n", "-5\r\nhello\r\n0\r\n\r\n"), 400, ""},
      {"chunk size over 64 bits", post("Transfer-Encoding: chunked\r\n", "ffffffffffffffff5\r\nhello\r\n0\r\n\r\n"),
       400, ""},
      {"no CRLF behind a chunk", post("Transfer-Encoding: chunked\r\n", "5\r\nhelloXX0\r\n\r\n"), 400, ""},
      {"length in a trailer", post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\nContent-Length: 3\r\n\r\n"),
       400, ""},
      {"Transfer-Encoding in a trailer",
       post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\nTransfer-Encoding: gzip\r\n\r\n"), 400, ""},
      {"HTTP/0.9", "GET /\r\n\r\n", 400, ""},
      {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: localhost\r\n\r\n", 400, ""},
      {"HTTP/2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, ""},
      {"HTTP/2.0 in the words of 1.1", "GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", 400, ""},
      {"control byte in the target", "GET /\x01 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, ""},
      {"control byte in a value", post("X: a\x02\r\n", ""), 400, ""},
      {"header over the limit", post(fmt::format("X: {}\r\n", std::string(kMaxHeaderBytes, 'x')), ""), 431, ""},
      {"header without an end", fmt::format("GET / HTTP/1.1\r\nX: {}", std::string(kMaxHeaderBytes + 10, 'x')), 431,
       ""},
  };
}

std::vector<WireCase> refused_by_policy() {
  const std::string big_extension = fmt::format("5;x={}\r\nhello\r\n0\r\n\r\n", std::string(70'000, 'e'));
  const std::string big_trailer = fmt::format("5\r\nhello\r\n0\r\nT: {}\r\n\r\n", std::string(70'000, 't'));
  std::string many_extensions;
  for (int i = 0; i < 1'000; ++i) many_extensions += fmt::format("1;{}\r\nx\r\n", std::string(100, 'e'));
  many_extensions += "0\r\n\r\n";
  std::string many_trailers = "5\r\nhello\r\n0\r\n";
  for (int i = 0; i < 12'000; ++i) many_trailers += "T: x\r\n";
  many_trailers += "\r\n";
  return {
      {"no Host", "GET / HTTP/1.1\r\n\r\n", 400, ""},
      {"no Host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", 400, ""},
      {"two Hosts", "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400, ""},
      {"two Hosts that differ", "GET / HTTP/1.1\r\nHost: localhost\r\nhost: 127.0.0.1\r\n\r\n", 400, ""},
      {"an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, ""},
      {"two empty lines before it", "\r\n\r\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, ""},
      {"two equal lengths", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), 400, ""},
      {"length as a list", post("Content-Length: 5, 5\r\n", "hello"), 400, ""},
      {"xchunked", post("Transfer-Encoding: xchunked\r\n", "5\r\nhello\r\n0\r\n\r\n"), 400, ""},
      {"identity", post("Transfer-Encoding: identity\r\n", ""), 400, ""},
      {"chunked, identity", post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"), 400, ""},
      {"gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 400, ""},
      {"Transfer-Encoding on two lines", post("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
       400, ""},
      {"chunked on two lines", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400,
       ""},
      {"an empty Transfer-Encoding", post("Transfer-Encoding:\r\n", "0\r\n\r\n"), 400, ""},
      {"folded header", post("X: a\r\n b\r\n", ""), 400, ""},
      {"folded with a tab", post("X: a\r\n\tb\r\n", ""), 400, ""},
      {"folded Transfer-Encoding", post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"), 400, ""},
      {"HTTP/1.0 chunked", "POST /echo HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
       ""},
      {"DEL in the target", "GET /\x7f HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, ""},
      {"raw UTF-8 in the target", "GET /caf\xc3\xa9 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, ""},
      {"fragment in the target", "GET /a#b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, ""},
      {"unknown method", "FETCH / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, ""},
      {"method in lower case", "get / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, ""},
      {"2 000 headers", fmt::format("GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n", many_headers(2'000)), 431, ""},
      {"one header too many", fmt::format("GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n", many_headers(100)), 431, ""},
      {"chunk extension over the limit", post("Transfer-Encoding: chunked\r\n", big_extension), 400, ""},
      {"chunk extensions over the limit together", post("Transfer-Encoding: chunked\r\n", many_extensions), 400, ""},
      {"trailer over the limit", post("Transfer-Encoding: chunked\r\n", big_trailer), 400, ""},
      {"trailers over the limit together", post("Transfer-Encoding: chunked\r\n", many_trailers), 400, ""},
      {"absolute form with a user", "GET http://localhost@evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, ""},
      {"absolute form with another host", "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, ""},
      {"absolute form with another port", "GET http://localhost:1/ HTTP/1.1\r\nHost: localhost:2\r\n\r\n", 400, ""},
      {"authority form", "GET localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, ""},
      {"broken escape in the query", "GET /?a=%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, ""},
      {"target over the limit",
       fmt::format("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", std::string(kMaxTargetBytes, 'a')), 414, ""},
  };
}

// What a web page of another site could send through a browser, and fields that must not say two things.
std::vector<WireCase> refused_for_what_it_claims() {
  return {
      {"a host that is not ours", "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421, ""},
      {"a host that is no host", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, ""},
      {"a page of another site", post("Sec-Fetch-Site: cross-site\r\nContent-Length: 0\r\n", ""), 403, ""},
      {"a change by a page of another site",
       "PATCH /echo HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\nContent-Length: 0\r\n\r\n", 403, ""},
      {"a removal by a page of another site",
       "DELETE /echo HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\n\r\n", 403, ""},
      {"cross-site, then same-origin",
       post("Sec-Fetch-Site: cross-site\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 0\r\n", ""), 400, ""},
      {"same-origin, then cross-site",
       post("Sec-Fetch-Site: same-origin\r\nsec-fetch-site: cross-site\r\nContent-Length: 0\r\n", ""), 400, ""},
      {"two Origins", post("Origin: http://localhost\r\nOrigin: http://evil.example\r\nContent-Length: 0\r\n", ""), 400,
       ""},
      {"two Content-Types", post("Content-Type: text/csv\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n", ""),
       400, ""},
      {"two Content-Encodings",
       post("Content-Encoding: identity\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n", ""), 400, ""},
      {"two Idempotency-Keys", post("Idempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Length: 0\r\n", ""), 400, ""},
      {"two Expects", post("Expect: 200-ok\r\nExpect: 100-continue\r\nContent-Length: 0\r\n", ""), 400, ""},
      {"unknown expectation", post("Expect: 200-ok\r\nContent-Length: 0\r\n", ""), 417, ""},
  };
}

TEST(EdgeWire, WhatMustBeRefusedIsRefusedAndTheConnectionClosed) {
  EchoServer server;
  for (const auto& cases : {refused_by_parser(), refused_by_policy(), refused_for_what_it_claims()}) {
    for (const WireCase& c : cases) {
      SCOPED_TRACE(c.name);
      RawClient client{server.port()};
      client.send(c.request);
      client.send(kCanary);
      const auto response = client.receive();
      ASSERT_TRUE(response.has_value());
      EXPECT_EQ(response->status, c.status) << response->head << "\n" << response->body;
      EXPECT_TRUE(response->closes());
      EXPECT_TRUE(client.closed()) << "the canary was answered";
    }
  }
}

std::vector<WireCase> taken_cases() {
  const std::string small_extensions = fmt::format("5;x={}\r\nhello\r\n0;last\r\n\r\n", std::string(1'000, 'e'));
  return {
      {"plain", "GET /a?b=c HTTP/1.1\r\nHost: localhost\r\n\r\n", 200, "GET /a?b=c [b=c] seen= auth= body="},
      {"with a length", post("Content-Length: 5\r\n", "hello"), 200, "POST /echo [] seen= auth= body=hello"},
      {"chunked", post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n3\r\n, x\r\n0\r\n\r\n"), 200,
       "POST /echo [] seen= auth= body=hello, x"},
      {"chunked in capitals", post("Transfer-Encoding: CHUNKED\r\n", "5\r\nhello\r\n0\r\n\r\n"), 200,
       "POST /echo [] seen= auth= body=hello"},
      {"an empty chunked body", post("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"), 200,
       "POST /echo [] seen= auth= body="},
      {"small chunk extensions", post("Transfer-Encoding: chunked\r\n", small_extensions), 200,
       "POST /echo [] seen= auth= body=hello"},
      {"trailers are dropped",
       post("Transfer-Encoding: chunked\r\nTrailer: Authorization\r\n",
            "5\r\nhello\r\n0\r\nAuthorization: secret\r\nX-Seen: yes\r\n\r\n"),
       200, "POST /echo [] seen= auth= body=hello"},
      {"trailers that speak of the connection are dropped",
       post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\nConnection: close\r\nUpgrade: h2c\r\n\r\n"), 200,
       "POST /echo [] seen= auth= body=hello"},
      {"a trailer that speaks of another host is dropped",
       post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\nHost: evil.example\r\n\r\n"), 200,
       "POST /echo [] seen= auth= body=hello"},
      {"more trailers than a header may have fields",
       post("Transfer-Encoding: chunked\r\n", fmt::format("5\r\nhello\r\n0\r\n{}\r\n", many_headers(2'000))), 200,
       "POST /echo [] seen= auth= body=hello"},
      {"chunk extension and trailer just within the limit",
       post("Transfer-Encoding: chunked\r\n",
            fmt::format("5;x={}\r\nhello\r\n0\r\nT: {}\r\n\r\n", std::string(32'000, 'e'), std::string(32'000, 't'))),
       200, "POST /echo [] seen= auth= body=hello"},
      {"Upgrade is ignored",
       post("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nContent-Length: 5\r\n", "hello"), 200,
       "POST /echo [] seen= auth= body=hello"},
      {"absolute form", "GET http://localhost:8050/a?b HTTP/1.1\r\nHost: LOCALHOST:8050\r\n\r\n", 200,
       "GET http://localhost:8050/a?b [b] seen= auth= body="},
      {"any port in Host", "GET /a HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n", 200, "GET /a [] seen= auth= body="},
      {"IPv6 loopback in Host", "GET /a HTTP/1.1\r\nHost: [::1]:8050\r\n\r\n", 200, "GET /a [] seen= auth= body="},
      {"an empty line before it", "\r\nGET /a HTTP/1.1\r\nHost: localhost\r\n\r\n", 200, "GET /a [] seen= auth= body="},
      {"99 more headers", fmt::format("GET /a HTTP/1.1\r\nHost: localhost\r\n{}\r\n", many_headers(99)), 200,
       "GET /a [] seen= auth= body="},
      {"reading from another site", "GET /a HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\n\r\n", 200,
       "GET /a [] seen= auth= body="},
      {"writing from our own pages", post("Sec-Fetch-Site: same-origin\r\nContent-Length: 2\r\n", "ok"), 200,
       "POST /echo [] seen= auth= body=ok"},
  };
}

TEST(EdgeWire, WhatIsTakenLeavesTheNextRequestInStep) {
  EchoServer server;
  for (const bool byte_by_byte : {false, true}) {
    for (const WireCase& c : taken_cases()) {
      SCOPED_TRACE(c.name + (byte_by_byte ? ", byte by byte" : ""));
      RawClient client{server.port()};
      const std::string bytes = c.request + std::string{kCanary};
      if (byte_by_byte) {
        for (const char byte : bytes) client.send({&byte, 1});
      } else {
        client.send(bytes);
      }
      const auto response = client.receive();
      ASSERT_TRUE(response.has_value());
      EXPECT_EQ(response->status, c.status) << response->body;
      EXPECT_EQ(response->body, c.body);
      const auto canary = client.receive();
      ASSERT_TRUE(canary.has_value()) << "the canary was not answered";
      EXPECT_EQ(canary->body, "GET /canary [] seen= auth= body=");
    }
  }
}

// One empty line may stand before a request, on a fresh connection and behind another request alike; the canary would
// be answered were the second one taken.
TEST(EdgeWire, OneEmptyLineBeforeAPipelinedRequestIsTakenAndTwoAreRefused) {
  EchoServer server;
  struct Case {
    const char* lines;
    int status;
  };
  for (const Case& c : {Case{"", 200}, Case{"\r\n", 200}, Case{"\r\n\r\n", 400}, Case{"\r\n\r\n\r\n", 400}}) {
    SCOPED_TRACE(testing::PrintToString(c.lines));
    RawClient client{server.port()};
    client.send(fmt::format("{}{}{}{}", post("Content-Length: 5\r\n", "hello"), c.lines, kCanary, kCanary));
    const auto first = client.receive();
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(first->status, 200);
    const auto second = client.receive();
    ASSERT_TRUE(second.has_value());
    EXPECT_EQ(second->status, c.status);
    if (c.status == 200) {
      ASSERT_TRUE(client.receive().has_value()) << "the request behind it was not answered";
    } else {
      EXPECT_TRUE(client.closed());
    }
  }
}

}  // namespace
}  // namespace meterhouse

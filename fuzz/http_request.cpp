// A connection's bytes: one request and whatever follows. However they are cut, the same comes out of them.
#include "base/check.h"
#include "fuzz_target.h"
#include "http/edge_policy.h"
#include "http/request_parser.h"

using namespace meterhouse;

namespace {

struct Outcome {
  int refused = 0;  // the status; 0: taken
  std::string body;
  std::size_t consumed = 0;
  bool whole = false;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// The request at the start of `bytes`, its body given in pieces of at most `piece` new bytes.
Outcome read_request(std::string_view bytes, std::size_t piece) {
  Outcome outcome;
  const std::size_t end = header_end(bytes, 0);
  if (end == 0 || end > kMaxHeaderBytes) return outcome;
  Request request;
  RequestParser parser{request};
  if (const auto refused = parser.parse_header(bytes.substr(0, end), EdgeRules{})) {
    outcome.refused = refused->status;
    return outcome;
  }
  MH_CHECK(!request.header("Host").empty() && request.headers.size() <= kMaxHeaderFields);
  MH_CHECK(!(request.content_length && !request.header("Transfer-Encoding").empty()));
  outcome.consumed = end;
  std::size_t offered = end;
  while (!parser.body_done()) {
    const std::string_view given = bytes.substr(outcome.consumed, offered - outcome.consumed);
    const auto got =
        given.empty() ? OrRefusal<RequestParser::Piece>{RequestParser::Piece{{}, 0, true}} : parser.parse_body(given);
    if (!got) {
      outcome.refused = got.error().status;
      return outcome;
    }
    outcome.body += got->body;
    outcome.consumed += got->consumed;
    if (!got->need_more && outcome.consumed < offered) continue;
    if (offered == bytes.size()) break;
    offered = std::min(bytes.size(), offered + piece);
  }
  outcome.whole = parser.body_done();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = text_of(data, size);
  const Outcome at_once = read_request(bytes, bytes.size());
  const Outcome byte_by_byte = read_request(bytes, 1);
  MH_CHECK(at_once.whole == byte_by_byte.whole && (at_once.refused != 0) == (byte_by_byte.refused != 0));
  if (at_once.whole) MH_CHECK(at_once == byte_by_byte);
  return 0;
}
